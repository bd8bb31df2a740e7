package dev.tidemill.jobs;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What ails the database side of a Tidemill, as far as it could be seen.
 *
 * @param at when, by the database's clock
 * @param server the server's version
 * @param schema the schema that was looked at
 * @param findings what was found, worst first
 * @param unseen what could not be looked at, and why: a right that is missing, a query that took too long
 */
public record Diagnosis(Instant at, String server, String schema, List<Finding> findings, List<String> unseen) {
    public Diagnosis {
        findings = List.copyOf(findings);
        unseen = List.copyOf(unseen);
    }

    /** Whether nothing was found that needs a person: at most information. */
    public boolean isFine() {
        return findings.stream().allMatch(finding -> finding.severity() == Severity.INFO);
    }

    /** As the HTTP API and the command line write it: names in snake case; texts, whole numbers, truth values and lists. */
    public Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("fine", isFine());
        map.put("at", at.toString());
        map.put("server", server);
        map.put("schema", schema);
        map.put("findings", findings.stream().map(Finding::asMap).toList());
        map.put("unseen", unseen);
        return map;
    }

    /**
     * One thing found.
     *
     * @param ailment what, and why it matters
     * @param severity how much it matters here
     * @param found what was seen, in a sentence
     * @param figures the same as figures by name, in an order: whole numbers, texts and truth values
     * @param remedy the command or statement that helps, or what to do
     */
    public record Finding(
            Ailment ailment, Severity severity, String found, Map<String, Object> figures, String remedy) {
        public Finding {
            figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
        }

        private Map<String, Object> asMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("code", ailment.name());
            map.put("severity", severity.name());
            map.put("found", found);
            map.put("figures", figures);
            map.put("why", ailment.why());
            map.put("remedy", remedy);
            map.put("doc", ailment.section());
            return map;
        }
    }

    /**
     * What was mended.
     *
     * @param ailment what it was
     * @param done what was done, in a sentence
     */
    public record Repair(Ailment ailment, String done) {}
}
