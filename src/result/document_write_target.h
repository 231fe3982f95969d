/* A part of document_write.c: one target of the result, or all targets together.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_DOCUMENT_WRITE_TARGET_H
#define HELLO_DOCUMENT_WRITE_TARGET_H

#include "result/document.h"
#include "result/histogram_codec.h"

#include <jansson.h>

/* The object named target in document.schema.json, and its member wrong_answer (JSON null if there
 * was none). NULL: out of memory, see member.h. */
json_t *document_write_target(const struct document *document, const struct document_target *target,
                              struct histogram_codec *codec);
json_t *document_write_wrong_answer(const struct document_target *target);

#endif
