package dev.tidemill.peers;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Who reached what, and how ours stands beside the best of the others. */
final class Results {
    private final List<Contender> contenders;
    private final Map<String, Map<Figure, Value>> values = new LinkedHashMap<>();

    Results(List<Contender> contenders) {
        this.contenders = List.copyOf(contenders);
        contenders.forEach(contender -> values.put(contender.name(), new EnumMap<>(Figure.class)));
    }

    List<Contender> contenders() {
        return contenders;
    }

    void put(Contender contender, Figure figure, Value value) {
        Objects.requireNonNull(values.get(contender.name())).put(figure, value);
    }

    Value get(Contender contender, Figure figure) {
        return Objects.requireNonNull(values.get(contender.name())).getOrDefault(figure, Value.none("not measured"));
    }

    /** Whether nobody failed at anything. */
    boolean isComplete() {
        return contenders.stream()
                .allMatch(contender -> Stream.of(Figure.values())
                        .allMatch(figure -> get(contender, figure).isThere()));
    }

    /** The best peer's name and how many times better ours is; none without ours or without peers that count. */
    record Ratio(String peer, double times, boolean isBound) {}

    Optional<Ratio> ratio(Figure figure, Predicate<Contender> counts) {
        Optional<Contender> ours = contenders.stream()
                .filter(contender ->
                        contender.isOurs() && get(contender, figure).isThere())
                .findFirst();
        Optional<Contender> best = contenders.stream()
                .filter(contender -> !contender.isOurs()
                        && counts.test(contender)
                        && get(contender, figure).isThere())
                .reduce((one, other) -> isBetter(figure, get(other, figure), get(one, figure)) ? other : one);
        if (ours.isEmpty() || best.isEmpty()) {
            return Optional.empty();
        }
        Value our = get(ours.get(), figure);
        Value their = get(best.get(), figure);
        double times = figure.moreIsBetter ? our.number() / their.number() : their.number() / our.number();
        return Optional.of(new Ratio(best.get().name(), times, their.isBound()));
    }

    private static boolean isBetter(Figure figure, Value one, Value other) {
        return figure.moreIsBetter ? one.number() > other.number() : one.number() < other.number();
    }

    /** Every figure by contender. */
    Map<String, Object> plain() {
        Map<String, Object> all = new LinkedHashMap<>();
        values.forEach((name, figures) -> {
            Map<String, Object> plain = new LinkedHashMap<>();
            figures.forEach((figure, value) -> plain.put(figure.key(), value.plain()));
            all.put(name, plain);
        });
        return all;
    }

    /** Every ratio there is, by figure. */
    Map<String, Object> ratios(Predicate<Contender> counts) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (Figure figure : Figure.values()) {
            ratio(figure, counts).ifPresent(ratio -> all.put(figure.key(), ratio));
        }
        return all;
    }
}
