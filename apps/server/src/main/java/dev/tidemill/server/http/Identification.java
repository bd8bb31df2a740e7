package dev.tidemill.server.http;

import java.util.Optional;

/** Knows callers by what their requests carry. */
public interface Identification {
    /**
     * Who sends this request; empty if it carries nothing, or nothing that holds.
     *
     * @param needed what for; while the database is away, one who was known may still look
     * @param byPerson false for what a page asks by itself, which keeps no session from ending
     * @throws Problem with 429 if that is not looked at now, because too many from there were wrong
     */
    Optional<Caller> caller(Call call, Permission needed, boolean byPerson);
}
