# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the starter of an exercise from its solution: awk -f ../starter.awk solution.c >mine.c.
# The solution is cut from a comment "exercise: N: text", which becomes TODO N, to "end". A comment "starter: code" becomes its code.
{ sub(/A solution\./, "Your starting point: each TODO says what is missing.") }
/\/\* end \*\/$/ { cut = 0; next }
/\/\* solution \*\/$/ { next }
/\/\* starter: / { sub(/\/\* starter: /, ""); sub(/ \*\/$/, ""); print; next }
/\/\* exercise: / { sub(/exercise:/, "TODO"); cut = todo = 1 }
!cut || todo
/\*\/$/ { todo = 0 }
