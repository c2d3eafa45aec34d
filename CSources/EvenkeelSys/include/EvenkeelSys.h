/* The whole of the system covers in one include; the module's umbrella. Rooms in the order in which they may
 * include each other. */
#ifndef EVENKEEL_SYS_H
#define EVENKEEL_SYS_H
#include "base/sys_args.h"
#include "base/sys_clock.h"
#include "base/sys_io.h"
#include "base/sys_number.h"
#include "base/sys_process.h"
#include "base/sys_sandbox.h"
#include "base/sys_spawn.h"
#include "config/sys_config.h"
#include "store/sys_file.h"
#include "store/sys_path.h"
#include "store/sys_pending.h"
#include "store/sys_ring.h"
#include "net/sys_control.h"
#include "net/sys_http.h"
#include "net/sys_httpd.h"
#include "net/sys_notify.h"
#include "net/sys_port.h"
#include "web/sys_metrics.h"
#include "web/sys_web.h"
#include "signer/sys_keyfile.h"
#include "signer/sys_ledger.h"
#include "signer/sys_signer.h"
#endif
