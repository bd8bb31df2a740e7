package dev.tidemill.jobs;

import java.util.Locale;

/**
 * How soon a job should start. A priority is a start deadline, set in {@link Priorities}: a job that starts before
 * {@code due + deadline} met it. {@link #CRITICAL} always goes first; the others go by the earliest deadline.
 */
public enum Priority {
    /** At once; has handler slots of its own. */
    CRITICAL(0),
    /** Within 30 seconds unless configured otherwise. */
    HIGH(1),
    /** Within 5 minutes unless configured otherwise. The default. */
    MEDIUM(2),
    /** Within an hour unless configured otherwise. */
    LOW(3),
    /** Only inside the off-peak windows. */
    OFF_PEAK(4);

    private static final Priority[] BY_CODE = values();

    private final int code;

    Priority(int code) {
        this.code = code;
    }

    /** The number this priority has in storage, 0 for {@link #CRITICAL} to 4 for {@link #OFF_PEAK}. */
    public int code() {
        return code;
    }

    /**
     * The priority of a storage code.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Priority ofCode(int code) {
        if (code < 0 || code >= BY_CODE.length) {
            throw new IllegalArgumentException("No priority has code " + code + "; codes run from 0 to 4.");
        }
        return BY_CODE[code];
    }

    /**
     * Reads a name, in any case; {@code BATCH} is accepted for {@link #OFF_PEAK}, and {@code -} for {@code _}.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if the name is unknown
     */
    public static Priority parse(String name) {
        return switch (name.toUpperCase(Locale.ROOT).replace('-', '_')) {
            case "CRITICAL" -> CRITICAL;
            case "HIGH" -> HIGH;
            case "MEDIUM" -> MEDIUM;
            case "LOW" -> LOW;
            case "OFF_PEAK", "BATCH" -> OFF_PEAK;
            default ->
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "Unknown priority '" + name + "'. Use CRITICAL, HIGH, MEDIUM, LOW or OFF_PEAK.");
        };
    }
}
