// How a transaction ends other than well, in the words and shapes of an Agave node.
import Text

enum Native {
    case programFailedToComplete, missingRequiredSignature, invalidAccountData, invalidInstructionData
    case notEnoughAccountKeys, unsupportedProgramId, computationalBudgetExceeded
    var name: StaticString {
        switch self {
        case .programFailedToComplete: return "ProgramFailedToComplete"
        case .missingRequiredSignature: return "MissingRequiredSignature"
        case .invalidAccountData: return "InvalidAccountData"
        case .invalidInstructionData: return "InvalidInstructionData"
        case .notEnoughAccountKeys: return "NotEnoughAccountKeys"
        case .unsupportedProgramId: return "UnsupportedProgramId"
        case .computationalBudgetExceeded: return "ComputationalBudgetExceeded"
        }
    }
    var text: StaticString {
        switch self {
        case .programFailedToComplete: return "Program failed to complete"
        case .missingRequiredSignature: return "missing required signature for instruction"
        case .invalidAccountData: return "invalid account data for instruction"
        case .invalidInstructionData: return "invalid instruction data"
        case .notEnoughAccountKeys: return "insufficient account keys for instruction"
        case .unsupportedProgramId: return "Unsupported program id"
        case .computationalBudgetExceeded: return "Computational budget exceeded"
        }
    }
}

/// What stops an instruction.
enum Halt: Error {
    case custom(UInt32)
    case native(Native)
}

enum Refusal {
    case blockhashNotFound, alreadyProcessed, accountNotFound, insufficientFundsForFee, signatureFailure
    case programAccountNotFound, invalidProgramForExecution, invalidAccountForFee, lookupTableNotFound
    var name: StaticString {
        switch self {
        case .blockhashNotFound: return "BlockhashNotFound"
        case .alreadyProcessed: return "AlreadyProcessed"
        case .accountNotFound: return "AccountNotFound"
        case .insufficientFundsForFee: return "InsufficientFundsForFee"
        case .signatureFailure: return "SignatureFailure"
        case .programAccountNotFound: return "ProgramAccountNotFound"
        case .invalidProgramForExecution: return "InvalidProgramForExecution"
        case .invalidAccountForFee: return "InvalidAccountForFee"
        case .lookupTableNotFound: return "AddressLookupTableNotFound"
        }
    }
    var text: StaticString {
        switch self {
        case .blockhashNotFound: return "Blockhash not found"
        case .alreadyProcessed: return "This transaction has already been processed"
        case .accountNotFound: return "Attempt to debit an account but found no record of a prior credit."
        case .insufficientFundsForFee: return "Insufficient funds for fee"
        case .signatureFailure: return "Transaction did not pass signature verification"
        case .programAccountNotFound: return "Attempt to load a program that does not exist"
        case .invalidProgramForExecution: return "This program may not be used for executing instructions"
        case .invalidAccountForFee: return "This account may not be used to pay transaction fees"
        case .lookupTableNotFound: return "Transaction loads an address table account that doesn't exist"
        }
    }
}

enum TxError {
    case refused(Refusal)
    case instruction(Int, Halt)
    case duplicateInstruction(Int)
    case insufficientFundsForRent(Int)

    /// True for errors that charge the fee: the transaction is in a block.
    var lands: Bool {
        if case .instruction = self { return true }
        return false
    }

    /// As an Agave node writes it in JSON.
    var json: Text {
        switch self {
        case .refused(let r): return "\"\(r.name)\""
        case .instruction(let i, .custom(let c)): return "{\"InstructionError\":[\(i),{\"Custom\":\(c)}]}"
        case .instruction(let i, .native(let n)): return "{\"InstructionError\":[\(i),\"\(n.name)\"]}"
        case .duplicateInstruction(let i): return "{\"DuplicateInstruction\":\(i)}"
        case .insufficientFundsForRent(let i): return "{\"InsufficientFundsForRent\":{\"account_index\":\(i)}}"
        }
    }

    /// As an Agave node says it.
    var words: Text {
        switch self {
        case .refused(let r): return "\(r.text)"
        case .instruction(let i, .custom(let c)):
            return "Error processing Instruction \(i): custom program error: \(hexNumber: c)"
        case .instruction(let i, .native(let n)): return "Error processing Instruction \(i): \(n.text)"
        case .duplicateInstruction(let i):
            return "Transaction contains a duplicate instruction (\(i)) that is not allowed"
        case .insufficientFundsForRent(let i):
            return "Transaction results in an account (\(i)) with insufficient funds for rent"
        }
    }
}

extension Sentence {
    /// "0x1771".
    mutating func appendInterpolation(hexNumber v: UInt32) {
        let digits: StaticString = "0123456789abcdef"
        text.put("0x")
        var shift = 28
        while shift > 0 && v >> UInt32(shift) == 0 { shift -= 4 }
        while shift >= 0 {
            text.put(byte: digits.utf8Start[Int(v >> UInt32(shift) & 15)])
            shift -= 4
        }
    }
}

/// What Anchor's line for an error says: name and message. Numbers as the programs have them.
enum ErrorName {
    /// Number, name, and after a bar the message where it is not the name.
    private static let table: StaticString = """
        101 InstructionFallbackNotFound|Fallback functions are not supported
        102 InstructionDidNotDeserialize|The program could not deserialize the given instruction
        2000 ConstraintMut|A mut constraint was violated
        2003 ConstraintRaw|A raw constraint was violated
        3001 AccountDiscriminatorNotFound|No discriminator was found on the account
        3002 AccountDiscriminatorMismatch|Account discriminator did not match what was expected
        3005 AccountNotEnoughKeys|Not enough account keys given to the instruction
        3007 AccountOwnedByWrongProgram|The given account is owned by a different program than expected
        3010 AccountNotSigner|The given account did not sign
        3012 AccountNotInitialized|The program expected this account to be already initialized
        6003 InsufficientCollateral|Insufficient collateral
        6005 MaxNumberOfPositions|Max number of positions taken
        6010 UserHasNoPositionInMarket|User Has No Position In Market
        6024 ExchangePaused|Exchange is paused
        6036 OracleNotFound
        6044 InvalidOrderMarketType
        6046 InvalidOrderNotRiskReducing
        6050 InvalidOrderIOC
        6051 InvalidOrderPostOnly
        6053 InvalidOrderTrigger
        6054 InvalidOrderAuction
        6055 InvalidOrderOracleOffset
        6056 InvalidOrderMinOrderSize
        6057 PlacePostOnlyLimitFailure|Failed to Place Post-Only Limit Order
        6059 OrderAmountTooSmall|Order Amount Too Small
        6060 MaxNumberOfOrders|Max number of orders taken
        6061 OrderDoesNotExist|Order does not exist
        6071 UserOrderIdAlreadyInUse|User Order Id Already In Use
        6078 PerpMarketNotFound
        6079 InvalidMarketAccount
        6081 MarketWrongMutability
        6087 SpotMarketNotFound
        6088 InvalidSpotMarketAccount
        6090 SpotMarketWrongMutability
        6117 UserIsBeingLiquidated
        6147 MarketPlaceOrderPaused|the Market status doesnt allow placing orders
        6148 MarketFillOrderPaused|the Market status doesnt allow filling orders
        6154 MaxOpenInterest|Max Open Interest
        6158 InvalidMarketStatusToSettlePnl
        6166 InvalidPerpPositionDetected
        6191 InvalidOrderLimitPrice
        6213 MarketBeingInitialized|Market Being Initialized
        6254 UserReduceOnly
        6259 NoUnsettledPnl|User has no unsettled pnl
        6289 PlaceAndTakeOrderSuccessConditionFailed|Place and take order success condition failed
        6358 EquityBelowFloor|Account equity is below the user-set equity floor

        """

    static func find(_ code: UInt32) -> (name: Text, message: Text) {
        var (number, name, message): (UInt32, Text, Text) = (0, Text(), Text())
        var part = 0  // of the line: its number, name, message
        for k in 0..<table.utf8CodeUnitCount {
            let b = table.utf8Start[k]
            switch (part, b) {
            case (_, 0x0A):
                if number == code { return (name, message.isEmpty ? name : message) }
                (number, part) = (0, 0)
                name.clear()
                message.clear()
            case (0, 0x20): part = 1
            case (1, 0x7C): part = 2
            case (0, _): number = number &* 10 &+ UInt32(b &- 0x30)
            case (1, _): name.put(byte: b)
            default: message.put(byte: b)
            }
        }
        return ("Error", "Error")
    }
}
