package dev.tidemill.postgres;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.schema.Component;
import dev.tidemill.schema.SchemaException;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;

/**
 * Brings a schema up to date with the engine's tables, as {@link dev.tidemill.schema.Migrations} does for any
 * component. The files can be applied by another tool instead; then {@link #check} is enough.
 */
public final class Migrations {
    static final List<String> FILES = List.of(
            "V001__engine.sql",
            "V002__control.sql",
            "V003__schedules.sql",
            "V004__reports.sql",
            "V005__retention.sql",
            "V006__outcomes.sql",
            "V007__claims.sql",
            "V008__unique.sql",
            "V009__steering.sql",
            "V010__losses.sql",
            "V011__breakers.sql",
            "V012__limited.sql",
            "V013__sorted.sql",
            "V018__handed.sql",
            "V019__upkeep.sql",
            "V020__roomy.sql",
            "V021__turns.sql",
            "V022__schedule_keys.sql",
            "V023__retention_words.sql",
            "V024__letters_by_page.sql",
            "V025__windows.sql",
            "V026__settings_words.sql",
            "V027__charges.sql");

    /** They are recorded where the first version recorded them. */
    private static final Component JOBS = new Component(
            "jobs",
            "migration",
            FILES,
            file -> Statements.resource("migration/" + file),
            "select {schema}.make_partitions()");

    private final dev.tidemill.schema.Migrations migrations;

    /** For a schema by this name. */
    public Migrations(DataSource dataSource, String schema) {
        this(dataSource, schema, FILES);
    }

    /** With some of the files only, as a former version has them. */
    Migrations(DataSource dataSource, String schema, List<String> files) {
        this.migrations = new dev.tidemill.schema.Migrations(dataSource, schema, JOBS.with(files));
    }

    /** The engine's tables, for what brings the tables of several components up to date. */
    public static Component component() {
        return JOBS;
    }

    /** The files as they are released, with their placeholders, in their order. */
    static List<String> texts() {
        return FILES.stream().map(JOBS.text()).toList();
    }

    /** Applies what is missing; returns the files that were. */
    public List<String> apply() {
        try {
            return migrations.apply();
        } catch (SQLException failed) {
            throw SqlErrors.translate(failed);
        } catch (SchemaException refused) {
            throw translate(refused);
        }
    }

    /** Refuses a schema that is not as this program needs it. */
    public void check() {
        try {
            migrations.check();
        } catch (SQLException failed) {
            throw SqlErrors.translate(failed);
        } catch (SchemaException refused) {
            throw translate(refused);
        }
    }

    private static StoreException translate(SchemaException refused) {
        ErrorCode code = switch (refused.reason()) {
            case SERVER_TOO_OLD -> ErrorCode.DATABASE_TOO_OLD;
            case OUTDATED -> ErrorCode.SCHEMA_OUTDATED;
            case NEWER -> ErrorCode.SCHEMA_NEWER;
            case LOCKED_OUT -> ErrorCode.DATABASE_ERROR;
        };
        return new StoreException(code, String.valueOf(refused.getMessage()), false, refused);
    }
}
