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

/// Anchor's line for an error: name, number, message. Numbers as the programs have them.
enum ErrorName {
    static func find(_ code: UInt32) -> (name: StaticString, message: StaticString) {
        switch code {
        case 101: return ("InstructionFallbackNotFound", "Fallback functions are not supported")
        case 102: return ("InstructionDidNotDeserialize",
                          "The program could not deserialize the given instruction")
        case 2000: return ("ConstraintMut", "A mut constraint was violated")
        case 2003: return ("ConstraintRaw", "A raw constraint was violated")
        case 3001: return ("AccountDiscriminatorNotFound", "No discriminator was found on the account")
        case 3002: return ("AccountDiscriminatorMismatch",
                           "Account discriminator did not match what was expected")
        case 3005: return ("AccountNotEnoughKeys", "Not enough account keys given to the instruction")
        case 3007: return ("AccountOwnedByWrongProgram",
                           "The given account is owned by a different program than expected")
        case 3010: return ("AccountNotSigner", "The given account did not sign")
        case 3012: return ("AccountNotInitialized",
                           "The program expected this account to be already initialized")
        case 6003: return ("InsufficientCollateral", "Insufficient collateral")
        case 6005: return ("MaxNumberOfPositions", "Max number of positions taken")
        case 6024: return ("ExchangePaused", "Exchange is paused")
        case 6036: return ("OracleNotFound", "OracleNotFound")
        case 6044: return ("InvalidOrderMarketType", "InvalidOrderMarketType")
        case 6046: return ("InvalidOrderNotRiskReducing", "InvalidOrderNotRiskReducing")
        case 6050: return ("InvalidOrderIOC", "InvalidOrderIOC")
        case 6051: return ("InvalidOrderPostOnly", "InvalidOrderPostOnly")
        case 6053: return ("InvalidOrderTrigger", "InvalidOrderTrigger")
        case 6054: return ("InvalidOrderAuction", "InvalidOrderAuction")
        case 6055: return ("InvalidOrderOracleOffset", "InvalidOrderOracleOffset")
        case 6056: return ("InvalidOrderMinOrderSize", "InvalidOrderMinOrderSize")
        case 6057: return ("PlacePostOnlyLimitFailure", "Failed to Place Post-Only Limit Order")
        case 6059: return ("OrderAmountTooSmall", "Order Amount Too Small")
        case 6060: return ("MaxNumberOfOrders", "Max number of orders taken")
        case 6061: return ("OrderDoesNotExist", "Order does not exist")
        case 6071: return ("UserOrderIdAlreadyInUse", "User Order Id Already In Use")
        case 6078: return ("PerpMarketNotFound", "PerpMarketNotFound")
        case 6079: return ("InvalidMarketAccount", "InvalidMarketAccount")
        case 6081: return ("MarketWrongMutability", "MarketWrongMutability")
        case 6087: return ("SpotMarketNotFound", "SpotMarketNotFound")
        case 6088: return ("InvalidSpotMarketAccount", "InvalidSpotMarketAccount")
        case 6117: return ("UserIsBeingLiquidated", "UserIsBeingLiquidated")
        case 6147: return ("MarketPlaceOrderPaused", "the Market status doesnt allow placing orders")
        case 6148: return ("MarketFillOrderPaused", "the Market status doesnt allow filling orders")
        case 6154: return ("MaxOpenInterest", "Max Open Interest")
        case 6191: return ("InvalidOrderLimitPrice", "InvalidOrderLimitPrice")
        case 6213: return ("MarketBeingInitialized", "Market Being Initialized")
        case 6254: return ("UserReduceOnly", "UserReduceOnly")
        case 6289: return ("PlaceAndTakeOrderSuccessConditionFailed",
                           "Place and take order success condition failed")
        case 6358: return ("EquityBelowFloor", "Account equity is below the user-set equity floor")
        default: return ("Error", "Error")
        }
    }
}
