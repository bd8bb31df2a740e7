package dev.tidemill.jobs;

import java.util.Locale;

/**
 * What becomes of fires that fell into a time when no node was at work: the newest {@code most} of them are enqueued,
 * oldest first, and the rest is recorded as missed. With {@link #ALL} none is left out.
 *
 * <p>With {@link #NONE} only the newest fire counts, and only if it is less than a minute late, so that a restart of
 * the one node loses no fire.
 *
 * @param most 0 to {@link #MOST}; one more stands for all
 */
public record CatchUp(int most) {
    /** The most fires that a number can ask for: 999. */
    public static final int MOST = 999;

    /** Nothing is caught up. */
    public static final CatchUp NONE = new CatchUp(0);

    /** One fire stands for all that were missed. The default. */
    public static final CatchUp LAST = new CatchUp(1);

    /**
     * Every missed fire, in pages of 1,000 if they may overlap, and one at a time with {@link Overlap#QUEUE}. With
     * {@link Overlap#SKIP} one stands for the newest 1,000, since the others would overlap it.
     */
    public static final CatchUp ALL = new CatchUp(MOST + 1);

    public CatchUp {
        if (most < 0 || most > MOST + 1) {
            throw refused(most);
        }
    }

    /** The newest {@code most} missed fires, 0 to {@link #MOST}. */
    public static CatchUp bounded(int most) {
        if (most > MOST) {
            throw refused(most);
        }
        return new CatchUp(most);
    }

    private static TidemillException refused(int most) {
        return new TidemillException(
                ErrorCode.INVALID_OPTION,
                "Catching up " + most + " fires was asked for; it must be between 0 and " + MOST + ", or ALL.");
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
                    yield bounded(Integer.parseInt(text));
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
            case MOST + 1 -> "ALL";
            default -> Integer.toString(most);
        };
    }
}
