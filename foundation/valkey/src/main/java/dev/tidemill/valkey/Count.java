package dev.tidemill.valkey;

import dev.tidemill.cache.tier.Position;

/**
 * A number up to which the log was read. One server writes it, an entry after the other, so that a number is enough.
 *
 * @param life the server's process and data that it counts in
 * @param upTo the last number
 */
record Count(String life, long upTo) implements Position {
    static Count parse(String text) {
        int bar = text.indexOf('|');
        return new Count(text.substring(0, bar), Long.parseLong(text.substring(bar + 1)));
    }

    @Override
    public boolean sees(long stamp) {
        return stamp <= upTo;
    }

    @Override
    public boolean isAtLeast(long forgottenBelow) {
        return upTo + 1 >= forgottenBelow;
    }

    @Override
    public String text() {
        return life + "|" + upTo;
    }
}
