/* sys_signer_dial.h - private to sys_signer*.c: the socket of a signer that is the user's own. */
#ifndef SYS_SIGNER_DIAL_H
#define SYS_SIGNER_DIAL_H
#include "signer/sys_signer.h"

/* A connected descriptor. -EPERM: whose socket it is speaks against it; another -errno: nobody there. `text`
 * says which, with the path. */
int sys_signer_dial(const char *path, char text[SYS_SIGNER_TEXT]);
/* 1 when it was sent whole. */
int sys_signer_send_seal(int fd, const ek_policy_limits *limits, const char *keypair, const char *ledger);

#endif
