/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The efficiency of each series over the number of workers, as an SVG of its own: a line with a
 * name at its end. Colours: tools/shared/picture.css. */
#include "report.h"

#include "sim_picture.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 800, HEIGHT = 420, LEFT = 60, RIGHT = 240, TOP = 50, BOTTOM = 50, APART = 15 };

enum { COLOURS = 7, TICKS = 4 };

/* A report, and where its axis begins, in per cent. */
typedef struct picture {
    const sim_report *r;
    int least;
} picture;

/* As far up as the least efficiency allows. Ticks are whole numbers. */
static int least_of(const sim_report *r)
{
    static const int least[] = {96, 92, 88, 80, 60, 40, 20, 0};
    double smallest = 1;
    size_t i = 0;
    for (unsigned row = 0; row < r->count; row++)
        smallest = fmin(smallest, report_efficiency(r, &r->rows[row]));
    while (least[i] > 100 * smallest)
        i++;
    return least[i];
}

/* In bits: a number of workers, counted from the least. */
static double x_of(const sim_report *r, unsigned workers)
{
    const sim_options *o = r->options;
    double least = log2(o->workers[0]), most = log2(o->workers[o->counts - 1]);
    double part = most > least ? (log2(workers) - least) / (most - least) : 0;
    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static double y_of(const picture *p, double efficiency)
{
    return TOP + (1 - efficiency) / (1 - p->least / 100.0) * (HEIGHT - TOP - BOTTOM);
}

static void text_of(FILE *out, const char *text)
{
    static const struct {
        char of;
        const char *as;
    } marks[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}};
    for (; *text; text++) {
        size_t i = 0;
        while (i < sizeof marks / sizeof marks[0] && marks[i].of != *text)
            i++;
        if (i < sizeof marks / sizeof marks[0])
            fputs(marks[i].as, out);
        else
            fputc(*text, out);
    }
}

static void head(const picture *p, FILE *out)
{
    const sim_report *r = p->r;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n"
            "<title>Efficiency over the number of workers: ",
            WIDTH, HEIGHT);
    text_of(out, r->options->text);
    fputs("</title>\n<style>\n", out);
    fwrite(part_picture_css, 1, sizeof part_picture_css, out);
    fprintf(out,
            "</style>\n<rect width=\"%d\" height=\"%d\" class=\"ground\"/>\n"
            "<text x=\"%d\" y=\"20\" class=\"name\">efficiency: work / workers / makespan%s"
            "</text>\n<text x=\"%d\" y=\"38\">",
            WIDTH, HEIGHT, LEFT, p->least ? " (the axis does not begin at 0)" : "", LEFT);
    text_of(out, r->options->text);
    fprintf(out, ", idle %s, ", fl_idle_modes[r->options->idle]->name);
    text_of(out, r->options->machine ? r->options->machine : "one shared cache");
    fputs("</text>\n", out);
}

static void axes(const picture *p, FILE *out)
{
    const sim_report *r = p->r;
    const sim_options *o = r->options;
    for (int i = 0; i <= TICKS; i++) {
        int percent = p->least + (100 - p->least) / TICKS * i;
        double y = y_of(p, percent / 100.0);
        fprintf(out,
                "<path d=\"M%d %.1fH%d\" class=\"grid\"/>"
                "<text x=\"%d\" y=\"%.1f\" class=\"end\">%d %%</text>\n",
                LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, percent);
    }
    for (unsigned i = 0; i < o->counts; i++)
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" class=\"middle\">%u</text>\n",
                x_of(r, o->workers[i]), HEIGHT - BOTTOM + 18, o->workers[i]);
    fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"middle\">workers</text>\n",
            (WIDTH - RIGHT + LEFT) / 2, HEIGHT - BOTTOM + 38);
}

/* Rows of one series: as often as there are numbers of workers, `step` rows apart. */
static void series(const picture *p, unsigned first, unsigned step, double label, FILE *out)
{
    const sim_report *r = p->r;
    const sim_row *row = &r->rows[first];
    unsigned colour = first % COLOURS;
    for (unsigned i = first; i < r->count; i += step)
        fprintf(out, "%s%.1f %.1f", i == first ? "<path d=\"M" : "L", x_of(r, r->rows[i].workers),
                y_of(p, report_efficiency(r, &r->rows[i])));
    fprintf(out, "\" class=\"line c%u%s\"/>\n", colour, first / COLOURS % 2 ? " dashed" : "");
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" class=\"c%u\">%s, %s</text>\n", WIDTH - RIGHT + 8,
            label, colour, row->queue->name, row->policy->name);
}

/* Names keep the order of the lines' ends, and stay apart. */
static void all_series(const picture *p, unsigned step, FILE *out)
{
    const sim_report *r = p->r;
    double free_from = TOP - APART;
    bool done[SIM_POLICIES * SIM_QUEUES] = {false};
    for (unsigned k = 0; k < step; k++) {
        unsigned best = step;
        for (unsigned i = 0; i < step; i++)
            if (!done[i] &&
                (best == step || report_efficiency(r, &r->rows[r->count - step + i]) >
                                     report_efficiency(r, &r->rows[r->count - step + best])))
                best = i;
        double end = y_of(p, report_efficiency(r, &r->rows[r->count - step + best])) + 4;
        free_from = fmax(end, free_from + APART);
        done[best] = true;
        series(p, best, step, free_from, out);
    }
}

int report_svg(const sim_report *r, FILE *out)
{
    const picture p = {r, least_of(r)};
    head(&p, out);
    axes(&p, out);
    all_series(&p, r->count / r->options->counts, out);
    fputs("</svg>\n", out);
    return ferror(out) ? -EIO : 0;
}
