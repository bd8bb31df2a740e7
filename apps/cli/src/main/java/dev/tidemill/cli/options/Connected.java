package dev.tidemill.cli.options;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Tidemill;
import javax.sql.DataSource;

/** A database with Tidemill's schema in it, while a command asks it. */
public final class Connected implements AutoCloseable {
    private final HandMill hand;
    private final DataSource source;
    private final AutoCloseable connections;
    private final String schema;

    Connected(HandMill hand, DataSource source, AutoCloseable connections, String schema) {
        this.hand = hand;
        this.source = source;
        this.connections = connections;
        this.schema = schema;
    }

    /** What answers; it starts nothing, and leaves the schema as it is. */
    public Tidemill mill() {
        return hand.tidemill();
    }

    /** The database itself. */
    public DataSource source() {
        return source;
    }

    /** The schema's name. */
    public String schema() {
        return schema;
    }

    @Override
    public void close() {
        hand.close();
        try {
            connections.close();
        } catch (Exception broken) {
            // The program ends, and its connections with it.
        }
    }
}
