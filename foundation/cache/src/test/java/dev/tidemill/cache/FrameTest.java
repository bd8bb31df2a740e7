package dev.tidemill.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is stored of a value, and everything that is none. */
final class FrameTest {
    record Point(int x, String name) {}

    private final Frame frame = new Frame(ValueCodec.json(), Point.class, 200, 10_000);

    private byte[] framed(Point point) {
        return frame.frame(false, frame.content(point));
    }

    @Test
    void valuesComeBack() throws Exception {
        Point small = new Point(1, "p");
        Point large = new Point(2, "abc".repeat(1_000));
        assertThat(frame.<Point>read(framed(small)).value()).isEqualTo(small);
        assertThat(framed(large)).hasSizeLessThan(500);
        assertThat(frame.<Point>read(framed(large)).value()).isEqualTo(large);
        assertThat(frame.<Point>read(frame.frame(true, new byte[0])).value()).isNull();
    }

    @Test
    void listsAndMapsKeepTheirTypes() throws Exception {
        Type lists = ValueType.listOf(Point.class).type();
        Frame points = new Frame(ValueCodec.json(), lists, 200, 10_000);
        List<Point> list = List.of(new Point(1, "a"));
        assertThat(points.<Object>read(points.frame(false, points.content(list)))
                        .value())
                .isEqualTo(list);
        Frame maps = new Frame(ValueCodec.json(), new ValueType<Map<String, List<Point>>>() {}.type(), 200, 10_000);
        Map<String, List<Point>> map = Map.of("k", list);
        assertThat(maps.<Object>read(maps.frame(false, maps.content(map))).value())
                .isEqualTo(map);
    }

    @Test
    void everyDamagedByteIsNoticed() {
        for (Point point : List.of(new Point(1, "p"), new Point(2, "abc".repeat(1_000)))) {
            byte[] good = framed(point);
            for (int i = 0; i < good.length; i++) {
                byte[] bad = good.clone();
                bad[i] ^= 0x02;
                assertThatExceptionOfType(Frame.UnreadableException.class)
                        .as("byte %d", i)
                        .isThrownBy(() -> frame.read(bad));
                byte[] shorter = Arrays.copyOf(good, i);
                assertThatExceptionOfType(Frame.UnreadableException.class).isThrownBy(() -> frame.read(shorter));
            }
        }
    }

    @Test
    void anythingElseIsNoValue() {
        Random random = new Random(5);
        for (int i = 0; i < 2_000; i++) {
            byte[] bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            assertThatExceptionOfType(Frame.UnreadableException.class).isThrownBy(() -> frame.read(bytes));
        }
    }

    @Test
    void whatUnfoldsToMoreThanAllowedIsNotUnfolded() {
        Frame generous = new Frame(ValueCodec.json(), Point.class, 200, 100_000_000);
        byte[] bomb = generous.frame(false, generous.content(new Point(1, "0".repeat(50_000_000))));
        assertThat(bomb).hasSizeLessThan(1_000_000);
        assertThatExceptionOfType(Frame.UnreadableException.class)
                .isThrownBy(() -> frame.read(bomb))
                .withMessageContaining("bytes long");
    }

    @Test
    void anotherCodecsBytesAreNoValue() {
        ValueCodec other = new ValueCodec() {
            @Override
            public String name() {
                return "other";
            }

            @Override
            public byte[] write(Object value) {
                return new byte[] {'{', '}'};
            }

            @Override
            public Object read(byte[] bytes, Type type) {
                return new Point(0, "");
            }
        };
        Frame foreign = new Frame(other, Point.class, 200, 10_000);
        assertThatExceptionOfType(Frame.UnreadableException.class)
                .isThrownBy(() -> frame.read(foreign.frame(false, foreign.content(new Point(1, "")))))
                .withMessageContaining("codec");
    }
}
