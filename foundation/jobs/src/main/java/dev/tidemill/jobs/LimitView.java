package dev.tidemill.jobs;

/**
 * A limit as it stands.
 *
 * @param limit the limit
 * @param held jobs that count towards it now, over all keys
 * @param waiting jobs that it holds back; 10,000 stands for that many or more
 * @param waitingKeys how many keys have such jobs; 10,000 stands for that many or more
 */
public record LimitView(Limit limit, long held, long waiting, long waitingKeys) {}
