/* Many books: how many assessments and decisions a second, and what a position and a market add. */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The book with `perps` perp positions and `spots` spot positions: copies of its first ones under other
 * market numbers. */
static void grow(bench_read *r, const ek_book *from, unsigned perps, unsigned spots) {
    r->book = *from;
    ek_book *b = &r->book;
    for (unsigned i = 1; i < perps; i++) {
        b->perps[i] = b->perps[0];
        b->user.perps[i] = b->user.perps[0];
        b->perps[i].market_index = b->user.perps[i].market_index = (uint16_t)i;
    }
    for (unsigned i = 2; i < spots; i++) {
        b->spots[i] = b->spots[1];
        b->user.spots[i] = b->user.spots[1];
        b->spots[i].market_index = b->user.spots[i].market_index = (uint16_t)i;
    }
    b->n_perps = b->user.n_perps = (uint8_t)perps;
    b->n_spots = b->user.n_spots = (uint8_t)spots;
}

static double assess_ns(bench_read *r, unsigned times) {
    uint64_t t = now_ns();
    for (unsigned i = 0; i < times; i++) {
        bench_assess(r, 0);
        bench_decide(r);
    }
    return (double)(now_ns() - t) / times;
}

static double best_of(bench_read *r) {
    double best = assess_ns(r, 2000);
    for (int i = 0; i < 9; i++) {
        double d = assess_ns(r, 2000);
        if (d < best) best = d;
    }
    return best;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int bench_books(const char *dir, uint32_t n) {
    static const char *const VENUES[] = {"velocity", "drift"};
    enum { ALL = 100000, PASSES = 7 };
    for (int v = 0; v < 2; v++) {
        bench_read *r = malloc(sizeof *r);
        ek_book *books = malloc(n * sizeof *books);
        if (r == NULL || books == NULL) bench_fail("memory", EK_E_FULL);
        for (uint32_t i = 0; i < n; i++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s-%05u.json", dir, VENUES[v], i);
            bench_open(r, VENUES[v], path);
            books[i] = r->book;
            free(r->json);
        }
        /* Where the books lie changes nothing in what is computed: each is assessed where it was decoded. */
        uint32_t verdicts[4] = {0}, kinds = 0;
        double pass[PASSES];
        for (int p = 0; p < PASSES; p++) {
            uint64_t t = now_ns();
            for (uint32_t i = 0; i < ALL; i++) {
                bench_assess_book(&books[i % n], r);
                verdicts[r->decision.verdict]++;
            }
            pass[p] = (double)(now_ns() - t) / (double)ALL;
        }
        qsort(pass, PASSES, sizeof pass[0], by_size);
        for (int i = 0; i < 4; i++) kinds += verdicts[i] != 0;
        printf("books_%s\t%.1f\t%.1f\t%.1f\n", VENUES[v], pass[PASSES / 2], pass[0], pass[PASSES - 1]);
        printf("verdicts_%s\t%u kinds: balanced %u, dust %u, cooldown %u, correct %u\n", VENUES[v], kinds,
               verdicts[0], verdicts[1], verdicts[2], verdicts[3]);
        for (unsigned k = 1; k <= EK_MAX_PERPS; k++) {
            grow(r, &books[0], k, 2);
            printf("perps_%s_%u\t%.1f\n", VENUES[v], k, best_of(r));
        }
        for (unsigned k = 2; k <= EK_MAX_SPOTS; k++) {
            grow(r, &books[0], 1, k);
            printf("spots_%s_%u\t%.1f\n", VENUES[v], k, best_of(r));
        }
        free(books);
        free(r);
    }
    return 0;
}
