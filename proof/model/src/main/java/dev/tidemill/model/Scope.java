package dev.tidemill.model;

import java.util.EnumSet;
import java.util.Set;

/**
 * How much of everything there is in a search.
 *
 * @param jobs jobs that are ready at the start
 * @param nodes epochs; the last one never dies and is never taken for dead
 * @param leases claims that can ever be committed
 * @param rescuers processes that close epochs, each of which may break off at any step
 * @param failures counted failures after which a job is a dead letter
 * @param deaths nodes that may be killed
 * @param lostReplies commits whose answer may be lost, in all
 * @param limit live leases allowed for all jobs together; 0 for no limit
 * @param cancels whether somebody may ask to cancel a job, any one, at any moment
 * @param completions whether handlers may complete in their own transaction
 * @param mutations precautions taken out
 */
record Scope(
        int jobs,
        int nodes,
        int leases,
        int rescuers,
        int failures,
        int deaths,
        int lostReplies,
        int limit,
        boolean cancels,
        boolean completions,
        Set<Mutation> mutations) {

    Scope {
        mutations = Set.copyOf(mutations);
    }

    Scope without(Mutation precaution) {
        return new Scope(
                jobs,
                nodes,
                leases,
                rescuers,
                failures,
                deaths,
                lostReplies,
                limit,
                cancels,
                completions,
                EnumSet.of(precaution));
    }

    boolean lacks(Mutation precaution) {
        return mutations.contains(precaution);
    }
}
