// What an operator may ask of a running agent, and how loudly it speaks.

package enum Command: UInt8 {
    case pause, resume, rebalance, flatten, paper, live
}

package enum Level: UInt8 {
    case error, warning, info, debug
}
