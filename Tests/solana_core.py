"""The core's bytes, codecs, JSON, crypto and transactions as Python calls,
for the property and conformance tests.

Every call hands over exact-size buffers and returns bytes, or raises Refused with the core's code."""
import ctypes as c
import enum


class E(enum.IntEnum):
    (OK, SHORT, RANGE, OVERFLOW, SYNTAX, FULL, DISCRIMINATOR, OWNER, MISSING, UNSUPPORTED, CHECKSUM,
     VERSION, CRYPTO, RPC, MISMATCH, LENGTH) = range(16)


class Refused(Exception):
    def __init__(self, code):
        self.code = E(code)
        super().__init__(self.code.name)


class Span(c.Structure):
    _fields_ = [("off", c.c_uint32), ("len", c.c_uint32)]


class Account(c.Structure):
    _fields_ = [("present", c.c_uint8), ("executable", c.c_uint8), ("lamports", c.c_uint64),
                ("owner", c.c_uint8 * 32), ("data_b64", Span)]


class Scan(c.Structure):
    _fields_ = [("id", c.c_uint64), ("slot", c.c_uint64), ("count", c.c_uint32), ("has_id", c.c_uint8),
                ("is_error", c.c_uint8), ("error_code", c.c_int64), ("error_message", Span)]


class Json(c.Structure):
    _fields_ = [("at", c.c_void_p), ("end", c.c_void_p)]


class JsonIter(c.Structure):
    _fields_ = [("at", c.c_void_p), ("end", c.c_void_p), ("is_object", c.c_uint8), ("started", c.c_uint8)]


class Seed(c.Structure):
    _fields_ = [("bytes", c.c_char_p), ("len", c.c_uint8)]


class Meta(c.Structure):
    _fields_ = [("key", c.c_uint8 * 32), ("signer", c.c_uint8), ("writable", c.c_uint8)]


class Instruction(c.Structure):
    _fields_ = [("program", c.c_uint8 * 32), ("metas", c.POINTER(Meta)), ("n_metas", c.c_uint16),
                ("data", c.c_char_p), ("data_len", c.c_uint16)]


class TxIx(c.Structure):
    _fields_ = [("program_index", c.c_uint8), ("n_accounts", c.c_uint16), ("data_len", c.c_uint16),
                ("accounts", c.c_void_p), ("data", c.c_void_p)]


class TxLut(c.Structure):
    _fields_ = [("table", c.c_void_p), ("n_writable", c.c_uint16), ("n_readonly", c.c_uint16),
                ("writable", c.c_void_p), ("readonly", c.c_void_p)]


class Tx(c.Structure):
    _fields_ = [("version", c.c_uint8), ("n_required", c.c_uint8), ("n_ro_signed", c.c_uint8),
                ("n_ro_unsigned", c.c_uint8), ("n_keys", c.c_uint16), ("n_ixs", c.c_uint16),
                ("n_luts", c.c_uint16), ("n_loaded_writable", c.c_uint16), ("n_loaded", c.c_uint16),
                ("message", c.c_void_p), ("message_len", c.c_size_t), ("keys", c.c_void_p),
                ("blockhash", c.c_void_p), ("ixs", TxIx * 64), ("luts", TxLut * 36)]


def at(address, n):
    return c.string_at(address, n) if n else b""


class Solana:
    """The calls, over a loaded core (ctypes.CDLL)."""

    def __init__(self, core):
        self.core = core
        core.ek_base58_encode.argtypes = [c.c_char_p, c.c_size_t, c.c_char_p, c.c_size_t,
                                          c.POINTER(c.c_size_t)]
        core.ek_base64_decode.argtypes = core.ek_base58_encode.argtypes
        core.ek_base64_encode.argtypes = [c.c_char_p, c.c_size_t, c.c_char_p]
        for name in ("ek_key_to_base58", "ek_sig_to_base58", "ek_base64_encode", "ek_shortvec_write"):
            getattr(core, name).restype = c.c_size_t
        for name in ("ek_key_from_base58", "ek_sig_from_base58"):
            getattr(core, name).argtypes = [c.c_char_p, c.c_size_t, c.c_char_p]
        core.ek_shortvec_read.argtypes = [c.c_char_p, c.c_size_t, c.POINTER(c.c_uint16),
                                          c.POINTER(c.c_size_t)]
        core.ek_shortvec_write.argtypes = [c.c_uint16, c.c_char_p]
        core.ek_json_root.argtypes = [c.c_char_p, c.c_size_t, c.POINTER(Json)]
        core.ek_json_kind.argtypes = [Json]
        core.ek_json_over.argtypes, core.ek_json_over.restype = [Json], JsonIter
        core.ek_json_next.argtypes = [c.POINTER(JsonIter), c.POINTER(Json), c.POINTER(Json)]
        core.ek_json_text.argtypes = [Json, c.c_char_p, c.c_size_t, c.POINTER(c.c_size_t)]
        core.ek_json_i64.argtypes = [Json, c.POINTER(c.c_int64)]
        core.ek_json_u64.argtypes = [Json, c.POINTER(c.c_uint64)]
        core.ek_json_member.argtypes = [Json, c.c_char_p, c.POINTER(Json)]
        core.ek_scan_accounts.argtypes = [c.c_char_p, c.c_size_t, c.POINTER(Scan),
                                          c.POINTER(Account), c.c_uint32]
        core.ek_sha256.argtypes = [c.c_char_p, c.c_size_t, c.c_char_p]
        core.ek_blake2b_256.argtypes = core.ek_sha256.argtypes
        core.ek_ed25519_from_seed.argtypes = [c.c_char_p] * 3
        core.ek_ed25519_sign.argtypes = [c.c_char_p, c.c_char_p, c.c_size_t, c.c_char_p]
        core.ek_ed25519_verify.argtypes = core.ek_ed25519_sign.argtypes
        core.ek_on_curve.argtypes = [c.c_char_p]
        core.ek_find_pda.argtypes = [c.POINTER(Seed), c.c_uint32, c.c_char_p, c.c_char_p,
                                     c.POINTER(c.c_uint8)]
        core.ek_message_compile.argtypes = [c.c_int, c.c_char_p, c.c_char_p, c.POINTER(Instruction),
                                            c.c_uint32, c.c_char_p, c.c_size_t, c.POINTER(c.c_size_t)]
        core.ek_tx_assemble.argtypes = [c.c_char_p, c.c_uint32, c.c_char_p, c.c_size_t, c.c_char_p,
                                        c.c_size_t, c.POINTER(c.c_size_t)]
        core.ek_message_parse.argtypes = [c.c_char_p, c.c_size_t, c.POINTER(Tx)]
        core.ek_tx_is_writable.argtypes = [c.POINTER(Tx), c.c_uint32]
        self._check(core.ek_crypto_init())

    @staticmethod
    def _check(code):
        if code != 0:
            raise Refused(code)

    def _filled(self, call, cap):
        out, n = c.create_string_buffer(max(cap, 1)), c.c_size_t()
        self._check(call(out, cap, c.byref(n)))
        return out.raw[:n.value]

    # codecs
    def base58(self, data, cap=177):
        return self._filled(lambda o, k, n: self.core.ek_base58_encode(data, len(data), o, k, n),
                            cap).decode()

    def _text(self, call, data, size):
        out = c.create_string_buffer(size)
        n = call(data, out)
        assert out.raw[n] == 0
        return out.raw[:n].decode()

    def key_text(self, key):
        return self._text(self.core.ek_key_to_base58, key, 45)

    def sig_text(self, sig):
        return self._text(self.core.ek_sig_to_base58, sig, 89)

    def _fixed(self, call, text, size):
        text = text if isinstance(text, bytes) else text.encode()
        out = c.create_string_buffer(size)
        self._check(call(text, len(text), out))
        return out.raw

    def key(self, text):
        return self._fixed(self.core.ek_key_from_base58, text, 32)

    def sig(self, text):
        return self._fixed(self.core.ek_sig_from_base58, text, 64)

    def base64(self, data):
        out = c.create_string_buffer((len(data) + 2) // 3 * 4 + 1)
        n = self.core.ek_base64_encode(data, len(data), out)
        assert out.raw[n] == 0, "written past the end"
        return out.raw[:n]

    def unbase64(self, text, cap=None):
        return self._filled(lambda o, k, n: self.core.ek_base64_decode(text, len(text), o, k, n),
                            len(text) if cap is None else cap)

    def shortvec(self, value):
        out = c.create_string_buffer(3)
        n = self.core.ek_shortvec_write(value, out)
        return out.raw[:n]

    def unshortvec(self, data):
        value, used = c.c_uint16(), c.c_size_t()
        self._check(self.core.ek_shortvec_read(data, len(data), c.byref(value), c.byref(used)))
        return value.value, used.value

    # JSON
    def json(self, text):
        """The document as Python values; objects as lists of pairs, numbers as their text."""
        root = Json()
        self._check(self.core.ek_json_root(text, len(text), c.byref(root)))
        return self._value(root)

    def _value(self, v):
        kind = chr(self.core.ek_json_kind(v))
        raw = at(v.at, v.end - v.at)
        if kind == '"':
            return self._filled(lambda o, k, n: self.core.ek_json_text(v, o, k, n), len(raw)).decode()
        if kind in "{[":
            it, key, item, out = self.core.ek_json_over(v), Json(), Json(), []
            while self.core.ek_json_next(c.byref(it), c.byref(key), c.byref(item)):
                out.append((self._value(key), self._value(item)) if kind == "{" else self._value(item))
            return ("object", out) if kind == "{" else out
        if kind == "#":
            return ("number", raw.decode())
        return {b"true": True, b"false": False, b"null": None}[raw]

    def scan(self, text, cap=16):
        res, accs = Scan(), (Account * cap)()
        code = self.core.ek_scan_accounts(text, len(text), c.byref(res), accs, cap)
        return E(code), res, accs

    # crypto
    def digest(self, which, data):
        out = c.create_string_buffer(32)
        getattr(self.core, which)(data, len(data), out)
        return out.raw

    def keypair(self, seed):
        pub, secret = c.create_string_buffer(32), c.create_string_buffer(64)
        self.core.ek_ed25519_from_seed(seed, pub, secret)
        return pub.raw, secret.raw

    def sign(self, secret, msg):
        out = c.create_string_buffer(64)
        self.core.ek_ed25519_sign(secret, msg, len(msg), out)
        return out.raw

    def verify(self, sig, msg, pub):
        return self.core.ek_ed25519_verify(sig, msg, len(msg), pub) == 0

    def on_curve(self, key):
        return bool(self.core.ek_on_curve(key))

    def _seeds(self, seeds):
        return (Seed * max(len(seeds), 1))(*[Seed(s, len(s)) for s in seeds])

    def find_pda(self, seeds, program):
        out, bump = c.create_string_buffer(32), c.c_uint8()
        self._check(self.core.ek_find_pda(self._seeds(seeds), len(seeds), program, out, c.byref(bump)))
        return out.raw, bump.value

    # transactions; an instruction is (program, [(key, signer, writable)], data)
    def message(self, v0, payer, blockhash, ixs, cap=1232):
        made = (Instruction * max(len(ixs), 1))()
        for i, (program, metas, data) in enumerate(ixs):
            made[i].program[:] = program
            made[i].metas = (Meta * max(len(metas), 1))()
            for m, (key, signer, writable) in zip(made[i].metas, metas):
                m.key[:], m.signer, m.writable = key, signer, writable
            made[i].n_metas, made[i].data, made[i].data_len = len(metas), data, len(data)
        compile = self.core.ek_message_compile
        return self._filled(lambda o, k, n: compile(v0, payer, blockhash, made, len(ixs), o, k, n), cap)

    def sign_tx(self, msg, secret, cap=1232):
        return self.assemble_tx([self.sign(secret, msg)], msg, cap)

    def assemble_tx(self, sigs, msg, cap=1232):
        assemble = self.core.ek_tx_assemble
        return self._filled(lambda o, k, n: assemble(b"".join(sigs), len(sigs), msg, len(msg), o, k, n), cap)

    def parse_message(self, data):
        hold = c.create_string_buffer(data, max(len(data), 1))
        tx = Tx()
        self._check(self.core.ek_message_parse(hold, len(data), c.byref(tx)))
        every = range(tx.n_keys + tx.n_loaded)
        return {
            "version": "legacy" if tx.version == 0xFF else tx.version,
            "header": (tx.n_required, tx.n_ro_signed, tx.n_ro_unsigned),
            "sigs": [],
            "message": at(tx.message, tx.message_len),
            "keys": [at(tx.keys + 32 * i, 32) for i in range(tx.n_keys)],
            "blockhash": at(tx.blockhash, 32),
            "ixs": [(x.program_index, at(x.accounts, x.n_accounts), at(x.data, x.data_len))
                    for x in tx.ixs[:tx.n_ixs]],
            "luts": [(at(x.table, 32), at(x.writable, x.n_writable), at(x.readonly, x.n_readonly))
                     for x in tx.luts[:tx.n_luts]],
            "signer": [i < tx.n_required for i in every],
            "writable": [bool(self.core.ek_tx_is_writable(c.byref(tx), i)) for i in every],
            "verified": False,
        }

    def parse_tx(self, data):
        """The signatures, then what the core reads of the message behind them."""
        if len(data) > 1232:
            raise Refused(E.FULL)
        n, used = self.unshortvec(data)
        if len(data) < used + 64 * n:
            raise Refused(E.SHORT)
        seen = self.parse_message(data[used + 64 * n:])
        seen["sigs"] = [data[used + 64 * i:used + 64 * i + 64] for i in range(n)]
        if n != seen["header"][0]:
            raise Refused(E.RANGE)
        seen["verified"] = n > 0 and all(self.verify(sig, seen["message"], key)
                                         for sig, key in zip(seen["sigs"], seen["keys"]))
        return seen
