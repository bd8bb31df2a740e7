package dev.tidemill.cli.access;

import dev.tidemill.cli.options.Group;
import picocli.CommandLine;

/** The commands of this room. */
public final class AccessCommands {
    private AccessCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        Group.named("users", "Looks at the server's users, adds and changes them.", new ListUsers())
                .with(new ListUsers())
                .with(new AddUser())
                .with(new SetPassword())
                .with(new SetRole())
                .with(new DisableUser())
                .addTo(program);
        Group.named("keys", "Looks at the API keys, makes and revokes them.", new ListKeys())
                .with(new ListKeys())
                .with(new CreateKey())
                .with(new RevokeKey())
                .addTo(program);
    }
}
