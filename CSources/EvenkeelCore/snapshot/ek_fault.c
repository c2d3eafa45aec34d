#include "snapshot/ek_fault.h"

const char *ek_fault_text(const ek_fault *f) { return f->text; }
