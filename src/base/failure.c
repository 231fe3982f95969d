#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, enum failure_class class, int result, const char *format,
                ...)
{
    va_list values;

    failure->class = class;
    va_start(values, format);
    vsnprintf(failure->line, sizeof(failure->line), format, values);
    va_end(values);
    return result;
}
