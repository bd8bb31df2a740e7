package dev.tidemill.jobs;

import java.util.Locale;

/**
 * What becomes of fires that fell into a time when no node was at work: the newest {@code most} of them are enqueued,
 * oldest first, and the rest is recorded as missed.
 *
 * <p>With {@link #NONE} only the newest fire counts, and only if it is less than a minute late, so that a restart of
 * the one node loses no fire.
 *
 * @param most 0 to {@link #MOST}
 */
public record CatchUp(int most) {
    /** The most fires that are ever caught up at a time: 1,000. */
    public static final int MOST = 1_000;

    /** Nothing is caught up. */
    public static final CatchUp NONE = new CatchUp(0);

    /** One fire stands for all that were missed. The default. */
    public static final CatchUp LAST = new CatchUp(1);

    /** Every missed fire, but no more than {@link #MOST}. */
    public static final CatchUp ALL = new CatchUp(MOST);

    public CatchUp {
        if (most < 0 || most > MOST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "Catching up " + most + " fires was asked for; it must be between 0 and " + MOST + ".");
        }
    }

    /** The newest {@code most} missed fires, 0 to {@link #MOST}. */
    public static CatchUp bounded(int most) {
        return new CatchUp(most);
    }

    /**
     * Reads {@code NONE}, {@code LAST}, {@code ALL} in any case, or a number.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if it is neither
     */
    public static CatchUp parse(String text) {
        return switch (text.toUpperCase(Locale.ROOT)) {
            case "NONE" -> NONE;
            case "LAST" -> LAST;
            case "ALL" -> ALL;
            default -> {
                try {
                    yield new CatchUp(Integer.parseInt(text));
                } catch (NumberFormatException noNumber) {
                    throw new TidemillException(
                            ErrorCode.INVALID_OPTION,
                            "Unknown catch-up policy '" + text + "'. Use NONE, LAST, ALL, or a number up to " + MOST
                                    + ".",
                            noNumber);
                }
            }
        };
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return switch (most) {
            case 0 -> "NONE";
            case 1 -> "LAST";
            case MOST -> "ALL";
            default -> Integer.toString(most);
        };
    }
}
