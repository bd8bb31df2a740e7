package dev.tidemill.server.page;

import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The page's files, read from the class path once. Their addresses carry a digest of their content, so a browser keeps
 * them for good and asks again only for a new one.
 */
public final class Assets {
    private static final String SCRIPT = "text/javascript; charset=utf-8";

    @SuppressWarnings("ArrayRecordComponent")
    private record Asset(String mediaType, byte[] content, byte[] packed, String digest) {}

    private final Map<String, Asset> files = new HashMap<>();

    Assets() {
        add("tidemill.css", "text/css; charset=utf-8", own("tidemill.css"));
        add("pages.css", "text/css; charset=utf-8", own("pages.css"));
        add("live.js", SCRIPT, own("live.js"));
        add("charts.js", SCRIPT, own("charts.js"));
        add("shortcuts.js", SCRIPT, own("shortcuts.js"));
        add("icon.svg", "image/svg+xml", own("icon.svg"));
        add("htmx.js", SCRIPT, fromWebJar("htmx.org", "dist/htmx.min.js"));
        add("chart.js", SCRIPT, fromWebJar("chart.js", "dist/chart.umd.min.js"));
    }

    private void add(String name, String mediaType, byte[] content) {
        files.put(name, new Asset(mediaType, content, packed(content), digest("SHA-256", content)));
    }

    private static byte[] fromWebJar(String artifact, String file) {
        Properties properties = new Properties();
        String about = "META-INF/maven/org.webjars.npm/" + artifact + "/pom.properties";
        try {
            properties.load(new ByteArrayInputStream(fromJar(about)));
        } catch (IOException failed) {
            throw new UncheckedIOException("Reading " + about + " failed", failed);
        }
        String version = Objects.requireNonNull(properties.getProperty("version"), about);
        return fromJar("META-INF/resources/webjars/" + artifact + "/" + version + "/" + file);
    }

    private static byte[] own(String name) {
        return read(name, Assets.class.getResourceAsStream(name));
    }

    private static byte[] fromJar(String path) {
        return read(path, Assets.class.getClassLoader().getResourceAsStream(path));
    }

    private static byte[] read(String name, @Nullable InputStream opened) {
        try (InputStream in = Objects.requireNonNull(opened, "not on the class path: " + name)) {
            return in.readAllBytes();
        } catch (IOException failed) {
            throw new UncheckedIOException("Reading " + name + " failed", failed);
        }
    }

    private static byte[] packed(byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content);
        } catch (IOException impossible) {
            throw new UncheckedIOException("Writing to memory failed", impossible);
        }
        return bytes.toByteArray();
    }

    private static String digest(String algorithm, byte[] content) {
        try {
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance(algorithm).digest(content));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has " + algorithm, impossible);
        }
    }

    /** The address of a file. */
    public String url(String name) {
        return "/assets/" + name + "?v=" + version(file(name));
    }

    /** A text file's content, for a page that may load nothing. */
    public String text(String name) {
        return new String(file(name).content(), StandardCharsets.UTF_8);
    }

    /** What a content security policy calls this file's content where it stands in the page itself. */
    public String source(String name) {
        return "'sha256-" + file(name).digest() + "'";
    }

    private static String version(Asset asset) {
        return asset.digest().substring(0, 12).replaceAll("[^A-Za-z0-9]", "x");
    }

    private Asset file(String name) {
        Asset asset = files.get(name);
        if (asset == null) {
            throw Problem.of(ProblemCode.ROUTE_UNKNOWN, "There is no file of this name.");
        }
        return asset;
    }

    /** Answers a request for a file. */
    public Reply serve(Call call) {
        call.takesOnly("v");
        Asset asset = file(call.path("name"));
        boolean pinned =
                call.query("v").map(version -> version.equals(version(asset))).orElse(false);
        String tag = '"' + version(asset) + '"';
        boolean packed = call.header("Accept-Encoding").orElse("").contains("gzip");
        boolean known =
                call.header("If-None-Match").map(given -> given.contains(tag)).orElse(false);
        Reply reply = known
                ? Reply.empty(304)
                : new Reply(200, asset.mediaType(), packed ? asset.packed() : asset.content(), Map.of());
        if (packed && !known) {
            reply = reply.header("Content-Encoding", "gzip");
        }
        return reply.header("ETag", tag)
                .header("Vary", "Accept-Encoding")
                .header("Cache-Control", pinned ? "private, max-age=31536000, immutable" : "no-cache");
    }
}
