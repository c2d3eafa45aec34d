/* sys_file.h - the state file on disk: exclusive, preallocated, two slots (image: ek_record.h), every store
 * synced.
 *
 * A store writes the older slot first, so at any moment of a power cut one whole slot is there; a record with
 * an open ticket is then written into the other slot too, byte for byte: no single rotten slot can make an
 * open order forgotten. A file of an older format loads, and every store turns the slots it writes into the
 * present format; from the first one on an older program refuses the file (SYS_STATE_NEWER). A file that
 * exists but holds no valid slot - an empty one too - is refused and left untouched, never replaced. */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include "store/ek_record.h"

typedef enum {
    SYS_STATE_OK = 0,
    SYS_STATE_ABSENT,   /* no such file: ask sys_state_create */
    SYS_STATE_LOCKED,   /* another evenkeel has it */
    SYS_STATE_NOT_FILE, /* a directory, a symbolic link, a device ... */
    SYS_STATE_BAD,      /* no valid slot, or the two contradict each other; `record_err` says which */
    SYS_STATE_NEWER,    /* written by a newer evenkeel */
    SYS_STATE_EXISTS,   /* create: the file is already there */
    SYS_STATE_IO        /* the system said no: `os_errno` (ENOSPC, EIO, EROFS, EACCES ...) */
} sys_state_result;

typedef struct {
    int fd;              /* -1 when closed */
    int newest;          /* slot with the record that was loaded or stored last; -1 none */
    uint64_t generation; /* of it */
    ek_err slot_err[2];  /* of each slot, as loaded */
    uint32_t slot_format[2]; /* the version each slot names, as loaded; 0 none */
    ek_err record_err;   /* SYS_STATE_BAD, SYS_STATE_NEWER: the code of ek_record_pick */
    int os_errno;
    uint64_t size;       /* of the file when opened */
    uint64_t stores;     /* that reached the disk */
    uint8_t read_only;
    char path[256];
    char text[384];      /* the last error in words, with the path; empty when there was none */
} sys_state;

/* Opens an existing file for a running agent: read and write, not through a symbolic link, under an exclusive
 * lock that lives as long as the descriptor (and is inherited by nobody: O_CLOEXEC), and loads the newest
 * record into *r. Anything but SYS_STATE_OK leaves *st closed and the file as it was. */
sys_state_result sys_state_open(const char *path, sys_state *st, ek_record *r);
/* Makes the file, whole or not at all: 16384 bytes preallocated under a temporary name (PATH.new), *r in both
 * slots (generations 1 and 2), synced, renamed without replacing anything, directory synced. The lock is held
 * from before the file has its name. r->generation is set. */
sys_state_result sys_state_create(const char *path, ek_record *r, sys_state *st);
/* For `state show` and `status`: read only, no lock, may run beside an agent. */
sys_state_result sys_state_peek(const char *path, sys_state *st, ek_record *r);
/* Writes the record with the next generation into the older slot and waits until the disk has it (fdatasync);
 * with an open ticket the same again into the other slot. One call is one flash write of 8 KB, or two. On an
 * error of the first write r->generation and st are as before and the newer slot is untouched; a later store
 * uses the same slot again. On an error of the second one the record is on the disk all the same, once; it is
 * an error because the disk is failing. SYS_STATE_BAD: the record breaks one of its own ranges (nothing
 * written). */
sys_state_result sys_state_store(sys_state *st, ek_record *r);
/* Releases the lock. May be called on a closed one. */
void sys_state_close(sys_state *st);

/* Pointers for Swift. */
const char *sys_state_text(const sys_state *st);
/* "locked", "absent" ...; never NULL. */

#endif
