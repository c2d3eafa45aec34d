/* The agent's end of the signer's socket: any packets in answer to a request (a signer that was taken over,
 * or one of somebody else's making). A signature is taken only from an answer to this very request. Input:
 * packets, each behind its length (u16). */
#include "signer/sys_signer.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void need(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int ends[2];
    sys_signer s;
    static uint8_t packet[2048];
    uint8_t signature[64], untouched[64];
    ek_policy_claim claim;
    int right = 0;
    memset(&s, 0, sizeof s);
    memset(&claim, 0, sizeof claim);
    memset(signature, 0xA5, sizeof signature);
    memcpy(untouched, signature, sizeof untouched);
    need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    s.fd = ends[0];
    s.there = 1;
    memset(s.pub.bytes, 9, 32);
    for (int i = 0; i < 24 && size >= 2; i++) {
        size_t n = (size_t)(data[0] | data[1] << 8) % sizeof packet;
        data += 2;
        size -= 2;
        if (n > size) n = size;
        memcpy(packet, data, n);
        data += n;
        size -= n;
        sys_signer_head h;
        if (n == sizeof(sys_signer_answer)) {
            memcpy(&h, packet, sizeof h);
            right |=
                h.magic == SYS_SIGNER_MAGIC && h.type == SYS_SIGNER_ANSWER && h.sequence == 1 && h.value == 0;
        }
        if (n > 0) (void)!send(ends[1], packet, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (i == 1) (void)sys_signer_news(&s); /* the first two are old news */
    }
    shutdown(ends[1], SHUT_RDWR); /* what was sent can still be read; then nothing is waited for */
    uint8_t message[200] = {1};
    uint32_t reason = sys_signer_sign(&s, message, sizeof message, &claim, message, 20, 0, signature);
    if (reason == 0) need(right);
    else need(memcmp(signature, untouched, sizeof untouched) == 0);
    (void)sys_signer_news(&s);
    if (s.fd >= 0) close(s.fd);
    close(ends[1]);
    return 0;
}
