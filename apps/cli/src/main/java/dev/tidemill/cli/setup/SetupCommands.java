package dev.tidemill.cli.setup;

import dev.tidemill.cache.CacheTables;
import dev.tidemill.cli.setup.MigrateCommand.Part;
import dev.tidemill.rules.Rules;
import dev.tidemill.schema.Migrations;
import dev.tidemill.server.tables.ServerTables;
import java.util.List;
import javax.sql.DataSource;
import picocli.CommandLine;

/** The commands of this room. */
public final class SetupCommands {
    private SetupCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        // The jobs' first: the others use their clock and their audit trail.
        program.addSubcommand(new MigrateCommand(List.of(
                        new Part("jobs", SetupCommands::jobs),
                        new Part("server", SetupCommands::server),
                        new Part("cache", SetupCommands::cache),
                        new Part("rules", Rules::migrations))))
                .addSubcommand(new ServerCommand())
                .addSubcommand(new CompletionCommand());
    }

    private static Migrations server(DataSource source, String schema) {
        return new ServerTables(source, schema).migrations();
    }

    private static Migrations cache(DataSource source, String schema) {
        return new Migrations(source, schema, CacheTables.component());
    }

    private static Migrations jobs(DataSource source, String schema) {
        return new Migrations(source, schema, dev.tidemill.postgres.Migrations.component());
    }
}
