/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "page.h"
#include "say.h"

#include "play_page.h"

#include <errno.h>
#include <inttypes.h>

#define PART(name) fwrite(part_##name, 1, sizeof part_##name, out)

static void put_figure(cursor *c, const strip_size *size, FILE *out)
{
    char text[SAY_SENTENCE];
    bool is_steal = film_is_steal(c->film, c->step - 1);
    fprintf(out,
            "<figure id=\"step%" PRIu32 "\"%s>\n<figcaption><span class=\"number\">%" PRIu32
            "</span> ",
            c->step, is_steal ? " class=\"steal\"" : "", c->step);
    strip_escaped(say_step(c->film, c->step - 1, text, sizeof text), out);
    fprintf(out,
            "</figcaption>\n<div class=\"scroll\"><svg viewBox=\"0 0 %u %u\" style=\"min-width: "
            "%upx\" aria-hidden=\"true\">\n",
            size->width, size->height, size->width * 2 / 3);
    strip_frame(c, size, out);
    fputs("</svg></div>\n</figure>\n", out);
}

int page_write(const film *f, const film_show *show, FILE *out)
{
    cursor c;
    if (!cursor_begin(&c, f))
        return -ENOMEM;
    strip_size size = strip_measure(&c, show->range);
    PART(head_html);
    strip_escaped(show->title, out);
    PART(title_html);
    strip_style(out);
    PART(page_css);
    PART(body_html);
    strip_escaped(show->title, out);
    PART(tools_html);
    for (uint32_t i = show->range.first; i <= show->range.last; i++) {
        cursor_go(&c, i);
        put_figure(&c, &size, out);
    }
    PART(script_html);
    PART(page_js);
    PART(foot_html);
    cursor_end(&c);
    return 0;
}
