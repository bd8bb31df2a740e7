package dev.tidemill.valkey;

import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What the server does in one step. A script's keys lie in one slot. Sent as text each time: a server that was replaced
 * knows none by its digest, and they are short.
 *
 * @param text in the server's language
 * @param output what it returns
 */
record Script(String text, ScriptOutputType output) {
    /** An entry and what is left of its life. */
    static final Script READ =
            new Script("return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}", ScriptOutputType.MULTI);

    /** The same, after claiming the key for a token and a time, unless somebody has. */
    static final Script CLAIM = new Script("""
            local mine = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
            return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]), mine and 1 or 0}
            """, ScriptOutputType.MULTI);

    /** Stores if the claim is still there, which ends with it; with the token 0 always. */
    static final Script STORE = new Script("""
            if ARGV[1] ~= '0' and redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
            redis.call('DEL', KEYS[2])
            redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
            return 1
            """, ScriptOutputType.INTEGER);

    /** Prolongs a claim that is still there. */
    static final Script RENEW = new Script("""
            if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
            return redis.call('PEXPIRE', KEYS[1], ARGV[2])
            """, ScriptOutputType.INTEGER);

    /** Ends a claim that is still there. */
    static final Script RELEASE = new Script("""
            if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
            return redis.call('DEL', KEYS[1])
            """, ScriptOutputType.INTEGER);

    /** Writes invalidations under the next number, and forgets the oldest past a bound. */
    static final Script APPEND = new Script("""
            local n = redis.call('INCR', KEYS[1])
            for i = 2, #ARGV, 3 do
              redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], n .. '-' .. math.floor((i - 2) / 3),
                         'c', ARGV[i], 't', ARGV[i + 1], 'p', ARGV[i + 2])
            end
            return n
            """, ScriptOutputType.INTEGER);

    /**
     * The life, the last number, the first entry that there is, and the entries from a number on. The process of the server
     * is part of the life: another one may lack what this one has answered.
     */
    static final Script LOOK = new Script("""
            local life = redis.call('GET', KEYS[3])
            if not life then
              redis.call('SET', KEYS[3], ARGV[2])
              life = ARGV[2]
            end
            local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
            local n = redis.call('GET', KEYS[1])
            local news = {}
            if ARGV[1] ~= '' then news = redis.call('XRANGE', KEYS[2], ARGV[1], '+') end
            return {life .. '/' .. run, n or '0', redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1), news}
            """, ScriptOutputType.MULTI);

    <T> RedisFuture<T> run(RedisClusterAsyncCommands<byte[], byte[]> server, List<String> keys, byte[]... arguments) {
        return server.eval(text, output, keys.stream().map(Script::bytes).toArray(byte[][]::new), arguments);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] bytes(long number) {
        return bytes(Long.toString(number));
    }
}
