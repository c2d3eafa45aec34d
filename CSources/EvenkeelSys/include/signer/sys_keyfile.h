/* sys_keyfile.h - a Solana CLI key file ([64 numbers]) into guarded memory.
 *
 * The file must be a regular file, owned by the effective user or by root, and readable by nobody else: mode
 * 0600 or stricter. One exception: systemd's LoadCredential shows files of root as 0440 inside
 * $CREDENTIALS_DIRECTORY (the group bits are an ACL for the service's user); there group read is accepted,
 * others' never. A symbolic link is followed; what it leads to is checked. */
#ifndef SYS_KEYFILE_H
#define SYS_KEYFILE_H

#include "base/ek_types.h"

/* 64 bytes (seed, then public key) in their own page between guard pages, locked out of swap where the limit
 * allows it, read-only after loading. */
typedef struct {
    uint8_t *secret; /* NULL when there is none */
    ek_key pub;
    uint8_t locked;  /* 1: mlock succeeded */
} sys_key;

/* EK_OK, or an error with `text` of the form `/etc/…json: mode 0644 lets others read the key: chmod 600
 * /etc/…json`: EK_E_MISSING no file; EK_E_OWNER mode, owner or file type; EK_E_SYNTAX not a list of 64 bytes;
 * EK_E_CRYPTO the second half is not the public key of the first; EK_E_FULL no memory. Working copies are
 * wiped. The text never holds a byte of the key. */
ek_err sys_key_load(const char *path, sys_key *key, char text[384]);
/* Makes a new key from the kernel's randomness and writes it as such a file, mode 0600, synced, never over
 * anything that is there. Its address is in *pub. EK_OK, or an error with `text`: EK_E_MISMATCH something is
 * at the path, EK_E_MISSING it cannot be written, EK_E_CRYPTO, EK_E_FULL. */
ek_err sys_key_make(const char *path, ek_key *pub, char text[384]);
/* `/dev/fd/N` names an open descriptor (of a regular file, N > 2) that whoever started the program handed
 * over: N, else -1. */
int sys_key_descriptor(const char *path);
/* Closes such a descriptor: for a process that will never read the key. */
void sys_key_let_go(const char *path);
/* Wipes and frees; may be called twice. */
void sys_key_free(sys_key *key);
/* Bytes for ek_ed25519_sign; NULL when there are none. */
const uint8_t *sys_key_secret(const sys_key *key);

#endif
