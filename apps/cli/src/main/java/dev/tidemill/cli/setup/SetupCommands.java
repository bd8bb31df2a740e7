package dev.tidemill.cli.setup;

import dev.tidemill.cli.setup.MigrateCommand.Part;
import dev.tidemill.schema.Migrations;
import java.util.List;
import javax.sql.DataSource;
import picocli.CommandLine;

/** The commands of this room. */
public final class SetupCommands {
    private SetupCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        program.addSubcommand(new MigrateCommand(List.of(new Part("jobs", SetupCommands::jobs))))
                .addSubcommand(new ServerCommand())
                .addSubcommand(new CompletionCommand());
    }

    private static Migrations jobs(DataSource source, String schema) {
        return new Migrations(source, schema, dev.tidemill.postgres.Migrations.component());
    }
}
