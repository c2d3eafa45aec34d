"""A signer of somebody else's making, as docs/signer.md tells the protocol: a Unix socket, SEQPACKET,
one connection at a time. It signs what it is asked (it has no policy of its own), or misbehaves as told."""

import os
import socket
import struct
import threading

from solders.keypair import Keypair

MAGIC, OLD_MAGIC = 0x32534B45, 0x31534B45  # EKS2; EKS1 was version 0.1
SEAL, READY, ASK, ANSWER, PRICE, NOTED = 1, 2, 3, 4, 8, 9
BAD_VERSION = 6


class Outside:
    def __init__(self, path, seed=8, mode=0o600):
        self.path, self.key = str(path), Keypair.from_seed(bytes([seed]) * 32)
        self.manner = "honest"  # or: refuse, wrong key, other bytes, silent, babble, hang up
        self.asked, self.shown, self.seals, self.open = [], [], [], []
        self.mode = mode
        self.listen()

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        old = os.umask(0o177)
        self.listener.bind(self.path)
        os.umask(old)
        os.chmod(self.path, self.mode)
        self.listener.listen(4)
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def serve(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.open.append(peer)
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    @staticmethod
    def head(kind, sequence=0, value=0):
        return struct.pack("<IHHII", MAGIC, kind, 0, sequence, value)

    def talk(self, peer):
        try:
            while packet := peer.recv(4096):
                magic, kind, _, sequence, _ = struct.unpack_from("<IHHII", packet)
                if magic == OLD_MAGIC:  # an agent of another version is told so by name
                    words = b"this signer speaks EKS2, the agent EKS1"
                    peer.send(self.head(READY, 0, BAD_VERSION) + bytes(56) + words.ljust(384, b"\0"))
                    break
                assert magic == MAGIC
                if kind == SEAL:
                    assert len(packet) == 848
                    self.seals.append(packet)
                    key = self.key if self.manner != "another key" else Keypair.from_seed(b"\x09" * 32)
                    # No loss limit of its own to tell: the agent then shows none.
                    old = struct.pack("<IHHII", OLD_MAGIC, READY, 0, 0, 0)
                    head = old if self.manner == "old" else self.head(READY)
                    peer.send(head + bytes(key.pubkey()) + bytes(24) + bytes(384))
                elif kind == PRICE:
                    assert len(packet) == 216
                    self.shown.append(packet)
                    peer.send(self.head(NOTED, sequence) + bytes(88))
                elif kind == ASK:
                    assert len(packet) == 1480
                    self.answer(peer, sequence, packet)
        except OSError:
            pass
        peer.close()

    def answer(self, peer, sequence, packet):
        (n,) = struct.unpack_from("<H", packet, 96)
        message = packet[248 : 248 + n]
        self.asked.append(message)
        signature = bytes(self.key.sign_message(message))
        if self.manner == "silent":
            return
        if self.manner == "hang up":
            peer.close()
            return
        if self.manner == "refuse":
            peer.send(self.head(ANSWER, sequence, 12) + bytes(88))
            return
        if self.manner == "wrong key":
            signature = bytes(Keypair.from_seed(b"\x09" * 32).sign_message(message))
        if self.manner == "other bytes":
            signature = bytes(self.key.sign_message(message[:-1] + b"\xff"))
        if self.manner == "babble":
            peer.send(b"\xff" * 500)
            peer.send(self.head(ANSWER, sequence + 1, 0) + bytes(24) + b"\x01" * 64)
            peer.send(self.head(ANSWER, sequence, 0))
        peer.send(self.head(ANSWER, sequence) + bytes(24) + signature)

    def close(self):
        """The listener first: whoever comes back finds nobody."""
        if self.listener.fileno() < 0:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.open:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open.clear()
        if os.path.exists(self.path):
            os.unlink(self.path)
