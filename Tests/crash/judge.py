"""The judge of a run full of crashes: from the chain's own record alone it says
whether every correction was right, and was made once.

The record is what the chain wrote down itself: every change of the book (events:
slot, perp base, SOL, live orders) and every transaction it was sent (log). The
agent's words are not asked. A finding is a sentence; no finding means
  - every change of the position belongs to exactly one order of ours, and no order filled more than its size
  - every order has exactly the size and side of the drift of a book that was the account's own not long
    before, and that book came after the effect of every earlier order (so one drift is never hedged twice,
    and nothing overshoots what was measured)
  - no order was sent while an earlier one could still land, was live on the venue, or was on its way
  - a purchase is reduce-only, and the perp never takes the side of the spot."""

STEP = 10_000_000
SELL = 1


class Sent:
    """One transaction of ours: all the times the chain received it, and what became of it."""

    def __init__(self, entry):
        self.signature, self.slot, self.wall = entry["signature"], entry["slot"], entry["wall"]
        self.landed = self.error = None
        self.name, self.p = next(
            (
                (d["name"], d["params"])
                for d in (ix["decoded"] or {} for ix in entry["instructions"])
                if "params" in d
            ),
            (None, None),
        )
        self.filled = 0
        self.last_valid = None

    def add(self, entry):
        self.slot, self.wall = min(self.slot, entry["slot"]), min(self.wall, entry["wall"])
        if entry["result"]["status"] == "landed":
            self.landed, self.error = entry["result"]["slot"], entry["result"]["err"]

    @property
    def size(self):
        return self.p["base_asset_amount"]

    @property
    def sign(self):
        return -1 if self.p["direction"] == SELL else 1

    def __repr__(self):
        return "%s %s %.2f (%s.., seen at slot %d, %s)" % (
            self.name,
            "sell" if self.sign < 0 else "buy",
            self.size / 1e9,
            self.signature[:6],
            self.slot,
            "landed at %d%s" % (self.landed, " with an error" if self.error else "")
            if self.landed
            else "never landed",
        )


class Judge:
    """Judges a chain with one account, one hedged market and spot in the venue. `fresh_s`:
    how old a decision's book may be when the order is seen."""

    def __init__(self, chain, tolerance_ppm=10_000, fresh_s=25.0):
        self.chain, self.tolerance_ppm, self.fresh_s = chain, tolerance_ppm, fresh_s
        self.events, self.sent, self.tickets = [], {}, {}
        self.per_scaled = self._rate()
        epoch = chain.rpc("getEpochInfo")
        self.slot_less_height = epoch["absoluteSlot"] - epoch["blockHeight"]

    def _rate(self):
        """SOL tokens per scaled balance, as a fraction of 1e10."""
        if self.chain.kind == "program":
            return 10_003_000_000
        scaled = next(
            s["scaled_balance"] for s in self.chain.account()["spot_positions"] if s["market_index"] == 1
        )
        return round(self.chain.ctl("summary")["spot_base_e9"] * 10**10 / scaled)

    def spot(self, event):
        return event["sol_scaled"] * self.per_scaled // 10**10

    def net(self, event):
        return self.spot(event) + event["base"]

    def level(self):
        """Whether the chain's book is inside the tolerance with nothing live now."""
        self.events += self.chain.ctl("events", since=len(self.events))
        e = self.events[-1]
        return abs(self.net(e)) * 10**6 <= self.tolerance_ppm * self.spot(e) and not (
            e["orders"] and self._live(e, self.chain.ctl("state")["ts"])
        )

    def ticket(self, ticket):
        """A ticket seen in the state file of a killed agent."""
        if ticket:
            self.tickets[ticket["signature"]] = int(ticket["last_valid_block_height"])

    def collect(self):
        """Takes over what the chain has written down since;
        to be called before its log forgets (1000 transactions)."""
        self.events += self.chain.ctl("events", since=len(self.events))
        for entry in self.chain.ctl("log", n=1000):
            self.sent.setdefault(entry["signature"], Sent(entry)).add(entry)

    def orders(self):
        return sorted((s for s in self.sent.values() if s.p), key=lambda s: (s.slot, s.wall))

    def filled(self):
        return [o for o in self.orders() if o.filled]

    @staticmethod
    def _live(event, ts=None):
        """The orders of an event that can still fill at a chain time (its own, by default):
        an entry past its `max_ts` cannot."""
        return [o for o in event["orders"] if o[4] == 0 or o[4] >= (event["ts"] if ts is None else ts)]

    def findings(self):
        self.collect()
        for o in self.orders():
            o.filled = 0
        out, fills = self._attribute()
        out += self._together()
        out += self._sizes(fills)
        return out

    def _attribute(self):
        """Whose order each change of the position is: [finding], [(index of event, order)]."""
        out, fills, owner = [], [], {}
        orders = self.orders()
        for k in range(1, len(self.events)):
            was, now = self.events[k - 1], self.events[k]
            for live in now["orders"]:
                if live[0] not in owner:
                    owner[live[0]] = next(
                        (
                            o
                            for o in orders
                            if o.name == "place_perp_order"
                            and o.landed is not None
                            and o.landed <= now["slot"]
                            and o.size == live[2]
                            and o.p["direction"] == live[1]
                            and o not in owner.values()
                        ),
                        None,
                    )
                    if owner[live[0]] is None:
                        out.append(
                            "order %d on the venue at slot %d belongs to no transaction of ours"
                            % (live[0], now["slot"])
                        )
            moved = now["base"] - was["base"]
            if not moved:
                continue
            by = next(
                (
                    o
                    for o in orders
                    if o.landed == now["slot"]
                    and not o.error
                    and o.name == "place_and_take_perp_order"
                    and o.sign * o.size == moved
                ),
                None,
            )
            if by is None:
                left = {o[0]: o for o in now["orders"]}
                for o in was["orders"]:
                    eaten = (left[o[0]][3] if o[0] in left else o[2]) - o[3]
                    mine = owner.get(o[0])
                    if (
                        mine
                        and mine.sign * moved > 0
                        and (abs(moved) == eaten or (o[0] not in left and abs(moved) <= eaten))
                    ):
                        by = mine
            if by is None:
                out.append(
                    "the position moved by %.9f at slot %d and no order of ours explains it"
                    % (moved / 1e9, now["slot"])
                )
                continue
            by.filled += abs(moved)
            fills.append((k, by))
            if by.filled > by.size:
                out.append("filled %.9f of %r" % (by.filled / 1e9, by))
            if now["base"] > 0:
                out.append("the perp took the side of the spot at slot %d" % now["slot"])
        return out, fills

    def _together(self):
        """No two at once."""
        out = []
        for e in self.events:
            if len(self._live(e)) > 1:
                out.append("two live orders at slot %d: %s" % (e["slot"], e["orders"]))
        orders = self.orders()
        for a, b in zip(orders, orders[1:]):
            if a.landed is not None and a.landed > b.slot:
                out.append("%r was sent while %r was on its way" % (b, a))
            valid = self.tickets.get(a.signature)
            if a.landed is None and valid is not None and b.slot - self.slot_less_height <= valid:
                out.append(
                    "%r was sent at block height %d, before %r was past its last valid one, %d"
                    % (b, b.slot - self.slot_less_height, a, valid)
                )
        for o in orders:
            k = self._at(o.slot - 1)
            if k >= 0 and self._live(self.events[k], self._ts(k, o.slot)):
                out.append("%r was sent while an order was live: %s" % (o, self.events[k]["orders"]))
        return out

    def _ts(self, k, slot):
        """Chain time at a slot, from the event before it (0.4 s a slot), generously late."""
        return self.events[k]["ts"] + (slot - self.events[k]["slot"]) * 0.4 + 1

    def _at(self, slot):
        """Index of the last event at or before a slot."""
        k = len(self.events) - 1
        while k >= 0 and self.events[k]["slot"] > slot:
            k -= 1
        return k

    def _sizes(self, fills):
        out = []
        for o in self.orders():
            earlier = [k for k, by in fills if by is not o and self.events[k]["slot"] <= o.slot]
            first, last = max(earlier, default=0), self._at(o.slot)
            if o.sign > 0 and o.p["reduce_only"] != 1:
                out.append("a purchase that is not reduce-only: %r" % o)
            if not any(self._meant(o, k) for k in range(first, last + 1)):
                books = [
                    (e["slot"], self.spot(e) / 1e9, e["base"] / 1e9)
                    for e in self.events[max(0, first - 1) : last + 2]
                ]
                out.append(
                    "no book since the last correction had the drift that %r corrects; (slot, spot, perp): %s"
                    % (o, books[-6:])
                )
        return out

    def _meant(self, o, k):
        """Whether this order is the correction of the book of event k, and that book was not too old."""
        e = self.events[k]
        net = self.net(e)
        ends = self.events[k + 1]["wall"] if k + 1 < len(self.events) else float("inf")
        size = abs(net) // STEP * STEP
        if net < 0:
            size = min(size, max(0, -e["base"]))
        return (
            (net > 0) == (o.sign < 0)
            and o.size == size
            and abs(net) * 10**6 > self.tolerance_ppm * self.spot(e)
            and ends > o.wall - self.fresh_s
        )
