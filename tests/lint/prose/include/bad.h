/* What a comment begins with is a clause,
 * and the next line goes on with whoever it was.
 *
 *     whatever = is_code_here(1);    but words are refused everywhere
 */
int fl_whoever; /* names are no prose: crew_whatever, docs/whatever */
const char *text = "it ought to say "
                   "so; what is wrong";
