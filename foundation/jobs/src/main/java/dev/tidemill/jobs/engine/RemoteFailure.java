package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorVerdict;
import dev.tidemill.jobs.RemoteWork.Failure;

/** What a worker elsewhere said of its failure, in the form that failures have here. Its text is the message alone. */
final class RemoteFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient ErrorVerdict verdict;

    RemoteFailure(Failure failure) {
        super(failure.message(), null, false, false);
        this.verdict = new ErrorVerdict(
                failure.category(), failure.after(), failure.until(), failure.counted(), failure.dependency());
    }

    ErrorVerdict verdict() {
        return verdict;
    }

    /** Errors are kept as they print, and a class of ours would tell nobody anything about a failure elsewhere. */
    @Override
    @SuppressWarnings("OverrideThrowableToString")
    public String toString() {
        return String.valueOf(getMessage());
    }
}
