package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.List;

/**
 * A promise and what came of it.
 *
 * @param figure what is promised
 * @param promised how much
 * @param naive what the naive way reached
 * @param ours what ours reached
 * @param how how both were measured
 */
record SeedRow(String figure, String promised, String naive, String ours, String how) {
    static void print(List<SeedRow> rows, PrintStream out) {
        for (SeedRow row : rows) {
            out.printf("%n%s%n", row.figure);
            out.printf("  promised  %s%n", row.promised);
            out.printf("  naive     %s%n", row.naive);
            out.printf("  ours      %s%n", row.ours);
            out.printf("  how       %s%n", row.how);
        }
    }
}
