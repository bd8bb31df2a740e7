package dev.tidemill.cli.options;

import dev.tidemill.jobs.ErrorCode;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the program's exit codes mean, for all commands. */
public final class ExitCode {
    /** Done. */
    public static final int DONE = 0;
    /** The answer is no: findings, nothing by that id or name, or something that was named was left as it was. */
    public static final int NO = 1;
    /** The command is wrong, or a value is refused; nothing was changed. */
    public static final int USAGE = 2;
    /** The database could not be asked. */
    public static final int UNAVAILABLE = 3;

    private ExitCode() {}

    /** As the help lists them. */
    public static Map<String, String> table() {
        Map<String, String> table = new LinkedHashMap<>();
        table.put(" " + DONE, "done");
        table.put(
                " " + NO,
                "the answer is no: findings, nothing by that id or name, or some of what was named was left as it was");
        table.put(" " + USAGE, "the command is wrong or a value is refused; nothing was changed");
        table.put(
                " " + UNAVAILABLE,
                "the database could not be asked: no answer, no right, no schema, a schema of another version");
        return table;
    }

    /** The exit code for an error. */
    public static int of(ErrorCode code) {
        return switch (code) {
            case NOT_FOUND, ALREADY_EXISTS -> NO;
            case DATABASE_UNREACHABLE,
                    DATABASE_TOO_OLD,
                    PRIVILEGE_MISSING,
                    SCHEMA_NEWER,
                    SCHEMA_OUTDATED,
                    DATABASE_ERROR,
                    STORE_MISSING,
                    KEY_BUSY,
                    STOPPED -> UNAVAILABLE;
            case INVALID_KIND,
                    INVALID_QUEUE,
                    INVALID_OPTION,
                    INVALID_TAG,
                    PAYLOAD_INVALID,
                    PAYLOAD_TOO_LARGE,
                    PAYLOAD_UNREADABLE,
                    BODY_MISSING,
                    NOT_COMPLETED,
                    TIMED_OUT,
                    GIVEN_UP,
                    POISONED,
                    HANDLER_FAILED -> USAGE;
        };
    }
}
