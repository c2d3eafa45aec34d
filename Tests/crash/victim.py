"""An agent that is killed and started again, with its state file looked at after each death."""

from harness import wait_for


class Victim:
    def __init__(self, agent):
        self.agent, self.running = agent, None
        self.kills = self.with_ticket = self.torn = self.generation = 0
        self.file_seen = False

    def start(self, env=None):
        self.running = self.agent.start(env=env)

    def kill(self):
        """SIGKILL; then the state must load, at a generation no lower than before. Returns the ticket in it,
        or None."""
        assert self.running.process.poll() is None, "the agent ended by itself with %s\n%s" % (
            self.running.process.returncode,
            self.running.log,
        )
        self.running.kill()
        assert "commands will not reach this agent" not in self.running.log, self.running.log
        self.kills += 1
        return self.look()

    def look(self):
        """The state file after a death: it always loads, and what it says never goes back."""
        if not self.agent.state.exists():
            assert not self.file_seen, "the state file is gone"
            return None
        self.file_seen = True
        v = self.agent.command("state", "verify", self.agent.state)
        assert v.code in (0, 1) and v.out.count(": whole, the newest") == 1, v
        self.torn += v.code
        record = self.agent.record()
        assert int(record["generation"]) >= self.generation, (record["generation"], self.generation)
        self.generation = int(record["generation"])
        self.with_ticket += record["ticket"] is not None
        return record["ticket"]

    def until(self, *statuses, since=0, seconds=25):
        return wait_for(
            lambda: self.running.seen(*statuses, since=since),
            seconds,
            lambda: "status %s\n%s" % (statuses, self.running.log[-4000:]),
        )
