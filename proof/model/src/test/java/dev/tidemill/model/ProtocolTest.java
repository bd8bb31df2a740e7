package dev.tidemill.model;

import static dev.tidemill.model.Mutation.CANCEL_BY_A_REPEATED_FLUSH;
import static dev.tidemill.model.Mutation.CLAIM_WITHOUT_FENCE;
import static dev.tidemill.model.Mutation.CLAIM_WITHOUT_LOOK_AT_CANCELS;
import static dev.tidemill.model.Mutation.COMPLETION_THAT_DOES_NOT_THROW;
import static dev.tidemill.model.Mutation.COMPLETION_WITHOUT_FENCE;
import static dev.tidemill.model.Mutation.FENCE_CLOSED_BY_UPDATE;
import static dev.tidemill.model.Mutation.FINISH_WITHOUT_CONFLICT;
import static dev.tidemill.model.Mutation.LEASE_FORGOTTEN_EARLY;
import static dev.tidemill.model.Mutation.LIMIT_COUNTED_IN_THE_LOCKS_STATEMENT;
import static dev.tidemill.model.Mutation.LIMIT_WITHOUT_LOCK;
import static dev.tidemill.model.Mutation.NO_RECONCILIATION;
import static dev.tidemill.model.Mutation.ONE_STEP_CLOSE;
import static dev.tidemill.model.Mutation.RESCUE_WITH_OLD_SNAPSHOT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.model.Checker.Result;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The protocol holds in every interleaving of these scopes; without any one precaution there is a way to break it. */
class ProtocolTest {
    private static final int AT_MOST = 1_000_000;

    /** One job, three claims: all that a node, its rescue, lost answers and completions can do to each other. */
    private static final Scope FENCE = new Scope(1, 2, 3, 1, 2, 1, 1, 0, false, true, Set.of());
    /** Two jobs beside each other, one claim each, and who rescues may meet another who does. */
    private static final Scope JOBS = new Scope(2, 2, 2, 1, 1, 1, 0, 0, false, true, Set.of());
    /** One job that two rescuers fight over. */
    private static final Scope RESCUERS = new Scope(1, 2, 2, 2, 1, 1, 0, 0, false, true, Set.of());
    /** Two jobs under a limit of one. */
    private static final Scope LIMIT = new Scope(2, 2, 3, 1, 1, 0, 0, 1, false, false, Set.of());
    /** A job that somebody cancels, at any moment. */
    private static final Scope CANCEL = new Scope(1, 2, 3, 1, 2, 0, 1, 0, true, false, Set.of());

    /** A precaution, the scope in which its absence shows, and how. */
    record Absence(Mutation precaution, Scope scope, String then) {
        @Override
        public String toString() {
            return precaution.name();
        }
    }

    static List<Scope> scopes() {
        return List.of(FENCE, JOBS, RESCUERS, LIMIT, CANCEL);
    }

    static List<Absence> absences() {
        return List.of(
                new Absence(FENCE_CLOSED_BY_UPDATE, FENCE, "holds job 0, which nobody will ever return"),
                new Absence(CLAIM_WITHOUT_FENCE, FENCE, "holds job 0, which nobody will ever return"),
                new Absence(RESCUE_WITH_OLD_SNAPSHOT, FENCE, "holds job 0, which nobody will ever return"),
                new Absence(FINISH_WITHOUT_CONFLICT, FENCE, "job 0 is in 2 places"),
                new Absence(COMPLETION_THAT_DOES_NOT_THROW, FENCE, "job 0 has 1 effects and did not succeed"),
                new Absence(LEASE_FORGOTTEN_EARLY, FENCE, "job 0 is in 2 places"),
                new Absence(NO_RECONCILIATION, FENCE, "job 0 waits, and nothing will ever happen"),
                new Absence(ONE_STEP_CLOSE, FENCE, "a rescue was overtaken"),
                new Absence(LIMIT_COUNTED_IN_THE_LOCKS_STATEMENT, LIMIT, "2 jobs run under a limit of 1"),
                new Absence(LIMIT_WITHOUT_LOCK, LIMIT, "2 jobs run under a limit of 1"),
                new Absence(
                        CLAIM_WITHOUT_LOOK_AT_CANCELS,
                        CANCEL,
                        "job 0 runs, by a claim that began after it was cancelled"),
                new Absence(CANCEL_BY_A_REPEATED_FLUSH, CANCEL, "job 0 is in 2 places"));
    }

    @ParameterizedTest
    @MethodSource("scopes")
    void noInterleavingBreaksTheProtocol(Scope scope) {
        Result result = Checker.search(new Protocol(scope), AT_MOST);
        System.out.println(scope + ": " + result.states() + " states");
        assertThat(result.broken()).as(result.toString()).isNull();
        assertThat(result.states()).isGreaterThan(10_000);
    }

    @ParameterizedTest
    @MethodSource("absences")
    void withoutThePrecautionThereIsAWayToBreakIt(Absence absence) {
        Result result = Checker.search(new Protocol(absence.scope.without(absence.precaution)), AT_MOST);
        System.out.println(absence + ":\n" + result);
        assertThat(result.broken()).contains(absence.then);
        assertThat(result.way()).isNotEmpty();
    }

    /** A rescue and a completion write the same key, so that one of them has nothing to write, fence or no fence. */
    @Test
    void aCompletionIsGuardedTwice() {
        Result result = Checker.search(new Protocol(FENCE.without(COMPLETION_WITHOUT_FENCE)), AT_MOST);
        assertThat(result.broken()).as(result.toString()).isNull();
    }

    @Test
    void everyPrecautionIsTakenOutOnce() {
        Set<Mutation> out = new HashSet<>(
                Stream.concat(absences().stream().map(Absence::precaution), Stream.of(COMPLETION_WITHOUT_FENCE))
                        .toList());
        assertThat(out).containsExactlyInAnyOrderElementsOf(Arrays.asList(Mutation.values()));
    }
}
