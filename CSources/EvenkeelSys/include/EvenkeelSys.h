/* The whole of the system covers in one include; the module's umbrella. */
#ifndef EVENKEEL_SYS_H
#define EVENKEEL_SYS_H
#include "sys_args.h"
#include "sys_clock.h"
#include "sys_config.h"
#include "sys_control.h"
#include "sys_file.h"
#include "sys_http.h"
#include "sys_httpd.h"
#include "sys_keyfile.h"
#include "sys_look.h"
#include "sys_notify.h"
#include "sys_pending.h"
#include "sys_ring.h"
#include "sys_metrics.h"
#include "sys_ledger.h"
#include "sys_sandbox.h"
#include "sys_signer.h"
#include "sys_spawn.h"
#include "sys_web.h"
#endif
