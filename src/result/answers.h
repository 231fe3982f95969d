/* The first unexpected answers of a run, and which target sent them.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_ANSWERS_H
#define HELLO_ANSWERS_H

#include "result/document.h"

/* The target that sent the first answer with other or more bytes than expected (its wrong_answer),
 * or with fewer bytes (its short_answer). NULL if there was none. */
const struct document_target *answers_first_wrong(const struct document *document);
const struct document_target *answers_first_short(const struct document *document);

#endif
