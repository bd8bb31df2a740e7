package dev.tidemill.jobs;

/**
 * A limit as it stands.
 *
 * @param limit the limit
 * @param held jobs that count towards it now, over all keys
 * @param waiting jobs that it holds back; of a limit on a whole queue, those that are ready there beyond what it lets through
 *     now; 10,000 stands for that many or more
 * @param waitingKeys how many keys have such jobs, 0 for a limit on a whole queue; 10,000 stands for that many or more
 */
public record LimitView(Limit limit, long held, long waiting, long waitingKeys) {}
