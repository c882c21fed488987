/* How many elements an array has; of a pointer it would be nonsense. */
#pragma once

#define COUNT(array) (sizeof(array) / sizeof *(array))
