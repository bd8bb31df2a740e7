package dev.tidemill.cli.options;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import picocli.CommandLine.Option;

/** That somebody means it: asked for on a terminal, given as an option elsewhere. */
public final class Confirmation {
    private static final int LONGEST_ANSWER = 100;

    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask.")
    private boolean yes;

    /** Whether it is meant; refused where nobody can be asked. */
    public boolean given(Output output, String question) {
        if (yes) {
            return true;
        }
        if (!output.screen().inIsTerminal() || !output.screen().errIsTerminal()) {
            throw output.wrong("Nobody can be asked here whether it is meant; give --yes.");
        }
        output.err().print(question + " [y/N] ");
        output.err().flush();
        String answer = line(output.program().in()).strip().toLowerCase(Locale.ROOT);
        return answer.equals("y") || answer.equals("yes");
    }

    private static String line(InputStream in) {
        StringBuilder line = new StringBuilder();
        try {
            for (int read = in.read(); read >= 0 && read != '\n' && line.length() < LONGEST_ANSWER; read = in.read()) {
                line.append((char) read);
            }
        } catch (IOException closed) {
            return "";
        }
        return line.toString();
    }
}
