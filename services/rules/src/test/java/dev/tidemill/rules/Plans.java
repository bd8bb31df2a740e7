package dev.tidemill.rules;

import java.sql.SQLException;

/** People on a site whose plan is to be what their subscription says. */
final class Plans {
    /** A reaction that sees to it. */
    static final String SYNC = "update {s}.person p set plan = c.new->>'status', visits = visits + 1 from changes c"
            + " where p.id = c.key::bigint and p.plan is distinct from c.new->>'status'";

    /** The people for whom it is not so. */
    static final String WRONG = "select s.user_id from {s}.sub s join {s}.person p on p.id = s.user_id"
            + " where p.plan is distinct from s.status";

    private final Site site;

    /** With 2000 people that have no plan. */
    Plans(Site site) throws SQLException {
        this.site = site;
        site.run("insert into {s}.person (id, plan) select g, 'none' from generate_series(1, 2000) g");
    }

    /** Subscriptions from a number to another, one a user. */
    void subscribe(int from, int to, String status) throws SQLException {
        site.run("insert into {s}.sub select g, g, '" + status + "', 'x' from generate_series(" + from + ", " + to
                + ") g");
    }

    /** For how many it is not so. */
    long wrong() throws SQLException {
        return site.number("select count(*) from (" + WRONG + ") w");
    }
}
