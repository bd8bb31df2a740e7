package dev.tidemill.jobs;

/** What became of the wish to have a waiting job wait otherwise. */
public enum Steered {
    /** There is no such job. */
    NOT_FOUND,
    /** It waits as asked. */
    DONE,
    /** It waited so before; nothing was changed. */
    UNCHANGED,
    /** A node holds it, maybe since this very moment: it stays where it is. */
    RUNNING,
    /** It has succeeded. */
    SUCCEEDED,
    /** It is a dead letter, or was put aside as one: replay it. */
    DEAD,
    /** It is cancelled, or its cancelling is under way. */
    CANCELLED,
    /** It was on its way each time it was looked for; nothing was changed. Ask again. */
    MOVING;

    /** What a number in the store's answer means. */
    public static Steered ofCode(int code) {
        return values()[code];
    }
}
