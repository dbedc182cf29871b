/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sheet.h"

#include "facts.h"
#include "output.h"
#include "terminal.h"
#include "units.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- Texts ---- */

static void safe_text(const char *text, size_t length, FILE *out)
{
    for (; length--; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

static void csv_text(const char *text, FILE *out)
{
    fputc('"', out);
    output_spelt(text, '"', "\"\"", out);
    fputc('"', out);
}

static void markdown_text(const char *text, size_t length, FILE *out)
{
    for (; length--; text++) {
        if (strchr("\\`*_|<>[]#", *text))
            fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
}

void sheet_markdown(const char *text, FILE *out)
{
    markdown_text(text, strlen(text), out);
}

static void html_text(const char *text, size_t length, FILE *out)
{
    for (; length--; text++)
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            fputc(*text, out);
}

enum { BEFORE, BETWEEN, AFTER, PLACES };

static const struct {
    const char *head[PLACES], *row[PLACES], *foot;
    const char *list, *line[BETWEEN + 1], *list_end;
    void (*spell)(const char *text, size_t length, FILE *out);
} styles[] = {
    [SHEET_TEXT] = {.spell = safe_text},
    [SHEET_CSV] = {.head = {"", ",", "\r\n"}, .row = {"", ",", "\r\n"}, .foot = ""},
    [SHEET_MARKDOWN] =
        {{"| ", " | ", " |\n"}, {"| ", " | ", " |\n"}, "", "", {"- ", "\n"}, "", markdown_text},
    [SHEET_HTML] = {{"<table>\n<thead><tr><th>", "</th><th>", "</th></tr></thead>\n<tbody>\n"},
                    {"<tr><td>", "</td><td>", "</td></tr>\n"},
                    "</tbody>\n</table>\n",
                    "<ul>\n",
                    {"<li>", "</li>\n"},
                    "</ul>\n",
                    html_text},
};

/* ---- Columns ---- */

void sheet_add(sheet *s, const char *name, int width, char kind, int decimals)
{
    assert(s->count < SHEET_MOST && strchr("swnftc%b", kind));
    sheet_column *c = &s->columns[s->count++];
    *c = (sheet_column){.width = width, .kind = kind, .decimals = decimals};
    snprintf(c->name, sizeof c->name, "%s", name);
}

void sheet_begin(sheet *s, sheet_format format, const char *columns, FILE *out)
{
    *s = (sheet){.format = format, .out = out};
    sheet_column c = {.decimals = 0};
    for (int used; sscanf(columns, "%31[^:]:%d%c%n%1d%n", c.name, &c.width, &c.kind, &used,
                          &c.decimals, &used) >= 3;
         columns += used + (columns[used] == ',')) {
        sheet_add(s, c.name, c.width, c.kind, c.decimals);
        c.decimals = 0;
    }
    assert(!*columns);
}

/* ---- Cells ---- */

enum { FIGURE = 32 };

/* As people read it: with its unit, or empty. */
static const char *cell_text(const sheet_column *c, const sheet_cell *cell, char text[FIGURE])
{
    const double number = cell->number;
    if (cell->text)
        return cell->text;
    *text = '\0';
    if (isnan(number))
        return text;
    if (c->kind == 't')
        time_text(number, text, FIGURE);
    else if (c->kind == 'c')
        count_text(number, text, FIGURE);
    else if (c->kind == '%')
        snprintf(text, FIGURE, "%.*f %%", c->decimals, 100 * number);
    else if (c->kind == 'f' && !c->decimals)
        snprintf(text, FIGURE, "%.3g", number);
    else
        snprintf(text, FIGURE, "%.*f", c->decimals, number);
    return text;
}

static void write_csv(const sheet_column *c, const sheet_cell *cell, FILE *out)
{
    if (cell->text && c->kind == 's')
        csv_text(cell->text, out);
    else if (cell->text)
        fputs(cell->text, out);
    else if (c->kind == 'n' || (c->kind == 'f' && c->decimals))
        fprintf(out, "%.*f", c->decimals, cell->number);
    else if (!isnan(cell->number))
        fprintf(out, "%.9g", cell->number);
}

/* Without the blanks that align it in text. */
static void write_cell(const sheet *s, const sheet_column *c, const sheet_cell *cell)
{
    char room[FIGURE];
    if (s->format == SHEET_CSV) {
        write_csv(c, cell, s->out);
        return;
    }
    const char *text = cell_text(c, cell, room);
    text += strspn(text, " ");
    size_t length = strlen(text);
    while (length && text[length - 1] == ' ')
        length--;
    styles[s->format].spell(text, length, s->out);
    if (cell->mark)
        styles[s->format].spell("*", 1, s->out);
}

/* ---- JSON ---- */

#ifdef FILCH_HAVE_JANSSON
static json_t *value_of(const sheet_column *c, const sheet_cell *cell)
{
    if (cell->text)
        return facts_text(cell->text);
    if (isnan(cell->number))
        return json_null();
    if (c->kind == 'b')
        return json_boolean(cell->number > 0);
    return c->kind == 'n' ? json_integer((json_int_t)cell->number) : json_real(cell->number);
}
#endif

static void add_object(const sheet *s, const sheet_cell *cells, size_t count)
{
#ifdef FILCH_HAVE_JANSSON
    json_t *object = json_object();
    for (size_t i = s->first; i < count; i++)
        json_object_set_new(object, s->columns[i].name, value_of(&s->columns[i], &cells[i]));
    json_array_append_new(s->rows, object);
#else
    (void)s, (void)cells, (void)count;
#endif
}

/* ---- Text ---- */

static const char *const tones[] = {"\033[m", "\033[1m", "\033[31m", "\033[32m"};

/* Blanks are written before a text only, so no line ends with them; the gap after a column holds its mark. */
static void write_line(const sheet *s, const sheet_cell *cells, size_t count)
{
    int blanks = s->indent;
    bool to_right = false;
    for (size_t i = s->first; i < count; i++) {
        const sheet_column *c = &s->columns[i];
        const bool left = c->width < 0;
        char room[FIGURE];
        const char *text = cell_text(c, &cells[i], room);
        size_t length = strlen(text);
        while (left && c->kind == 's' && i + 1 < s->count &&
               (int)terminal_columns(text, length) > -c->width)
            length--;
        const int free = abs(c->width) - (int)terminal_columns(text, length);
        blanks += (i > s->first) + (left && to_right) + (left || free < 0 ? 0 : free);
        if (length || cells[i].mark) {
            const bool toned = cells[i].tone && terminal_has_colours(s->out);
            fprintf(s->out, "%*s%s", blanks, "", toned ? tones[cells[i].tone] : "");
            styles[SHEET_TEXT].spell(text, length, s->out);
            fprintf(s->out, "%s%s", toned ? tones[SHEET_USUAL] : "", cells[i].mark ? "*" : "");
            blanks = cells[i].mark ? -1 : 0;
        }
        blanks += left && free > 0 ? free : 0;
        to_right = !left;
    }
    fputc('\n', s->out);
}

/* ---- Rows ---- */

void sheet_head(const sheet *s)
{
    sheet_cell names[SHEET_MOST];
    for (size_t i = 0; i < s->count; i++)
        names[i] = (sheet_cell){.text = s->columns[i].name, .tone = SHEET_BOLD};
    if (s->format == SHEET_TEXT) {
        write_line(s, names, s->count);
        return;
    }
    const char *const *at = styles[s->format].head;
    for (size_t i = s->first; i < s->count; i++)
        fprintf(s->out, "%s%s", at[i > s->first ? BETWEEN : BEFORE], s->columns[i].name);
    fputs(at[AFTER], s->out);
    for (size_t i = s->first; i < s->count && s->format == SHEET_MARKDOWN; i++)
        fputs(s->columns[i].width < 0 ? "|---" : "|---:", s->out);
    fputs(s->format == SHEET_MARKDOWN ? "|\n" : "", s->out);
}

void sheet_open(sheet *s, const char *columns, FILE *out)
{
    sheet_begin(s, SHEET_TEXT, columns, out);
    fputc('\n', out);
    sheet_head(s);
}

void sheet_row(const sheet *s, const sheet_cell *cells, size_t count)
{
    static const sheet_cell empty = {.text = ""};
    count = count < s->count ? count : s->count;
    if (s->format == SHEET_TEXT || s->format == SHEET_JSON) {
        (s->format == SHEET_TEXT ? write_line : add_object)(s, cells, count);
        return;
    }
    const char *const *at = styles[s->format].row;
    for (size_t i = s->first; i < s->count; i++) {
        fputs(at[i > s->first ? BETWEEN : BEFORE], s->out);
        write_cell(s, &s->columns[i], i < count ? &cells[i] : &empty);
    }
    fputs(at[AFTER], s->out);
}

void sheet_foot(const sheet *s)
{
    if (s->format != SHEET_TEXT)
        fputs(styles[s->format].foot, s->out);
}

void sheet_fit(sheet *s, const sheet_cell *cells, size_t count)
{
    char room[FIGURE];
    for (sheet_column *c = s->columns; c < s->columns + count; c++, cells++) {
        const char *text = cell_text(c, cells, room);
        const int width = (int)terminal_columns(text, strlen(text));
        if (width > abs(c->width))
            c->width = c->width < 0 ? -width : width;
    }
}

/* ---- Lists ---- */

void sheet_lines(sheet_format format, sheet_writer *write, const void *what, FILE *out)
{
    char *text = NULL, *rest = NULL;
    size_t size;
    FILE *lines = open_memstream(&text, &size);
    if (!lines)
        return;
    write(what, lines);
    fclose(lines);
    if (format == SHEET_TEXT) {
        terminal_wrap(text, terminal_width(out), out);
    } else {
        fputs(styles[format].list, out);
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
            fputs(styles[format].line[BEFORE], out);
            line += strspn(line, " ");
            styles[format].spell(line, strlen(line), out);
            fputs(styles[format].line[BETWEEN], out);
        }
        fputs(styles[format].list_end, out);
    }
    free(text);
}
