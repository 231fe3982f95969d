/* The numeric parts of a document: the counts of each target, the machine's usage, the series. */
#ifndef HELLO_DOCUMENT_READ_RESULT_H
#define HELLO_DOCUMENT_READ_RESULT_H

#include "result/document_reader.h"

/* Each function reads one object into its part of the document; the reader keeps errors. */
void document_read_result(struct document_reader *reader, json_t *object,
                          struct document *document);
void document_read_usage(struct document_reader *reader, json_t *object, struct usage *usage);

/* Call it after document_read_result, which sets the number of targets. */
void document_read_series(struct document_reader *reader, json_t *object,
                          struct document *document);

#endif
