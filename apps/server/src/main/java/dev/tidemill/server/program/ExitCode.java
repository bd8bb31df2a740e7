package dev.tidemill.server.program;

import dev.tidemill.jobs.ErrorCode;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** What the exit codes of programs mean, for the server and for all commands. */
public final class ExitCode {
    /** Done. */
    public static final int DONE = 0;
    /** The answer is no: findings, nothing by that id or name, or something that was named was left as it was. */
    public static final int NO = 1;
    /** The command is wrong, or a value is refused; nothing was changed. */
    public static final int USAGE = 2;
    /** The database could not be asked. */
    public static final int UNAVAILABLE = 3;

    private static final Set<ErrorCode> ANSWERS_NO = EnumSet.of(ErrorCode.NOT_FOUND, ErrorCode.ALREADY_EXISTS);
    private static final Set<ErrorCode> NOT_ASKED = EnumSet.of(
            ErrorCode.DATABASE_UNREACHABLE,
            ErrorCode.DATABASE_TOO_OLD,
            ErrorCode.PRIVILEGE_MISSING,
            ErrorCode.SCHEMA_NEWER,
            ErrorCode.SCHEMA_OUTDATED,
            ErrorCode.DATABASE_ERROR,
            ErrorCode.STORE_MISSING,
            ErrorCode.KEY_BUSY,
            ErrorCode.STOPPED);

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
        if (ANSWERS_NO.contains(code)) {
            return NO;
        }
        return NOT_ASKED.contains(code) ? UNAVAILABLE : USAGE;
    }
}
