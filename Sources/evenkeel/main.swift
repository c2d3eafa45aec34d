// The command line: the first word chooses a command, every command explains itself with --help.
import Agent
import EvenkeelCore
import EvenkeelSys
import Localnet
import Model
import Rpc
import Text

let command = Terminal.argument(1)

func dispatch() -> Int32 {
    guard let word = command else {
        Terminal.usage(2)
        return 2
    }
    if word == "run" { return runCommand() }
    if word == "signer-role" { return sys_signer_role() }      // started by the agent, see docs/signer.md
    if word == "check" { return checkCommand() }
    if word == "status" { return statusCommand() }
    if word == "pause" || word == "resume" || word == "rebalance" || word == "reload" {
        return controlCommand(word)
    }
    if word == "flatten" { return flattenCommand() }
    if word == "mode" { return modeCommand() }
    if word == "assess" { return assessCommand() }
    if word == "sim" { return simCommand() }
    if word == "state" { return stateCommand() }
    if word == "init" { return initCommand() }
    if word == "signer" { return signerCommand() }
    if word == "key" { return keyCommand() }
    if word == "demo" { return demoCommand() }
    if word == "web-role" { return sys_web_role() }      // started by the agent, never by hand
    if word == "localnet" { return LocalnetCommand.run(first: 2) }
    if word == "version" || word == "--version" { return versionCommand() }
    if word == "help" || word == "--help" || word == "-h" {
        Terminal.usage(1)
        return 0
    }
    Terminal.print("evenkeel: unknown command \(quoted: word); `evenkeel help` lists them\n", 2)
    return 2
}

sys_exit(dispatch())
