package bench;

import java.nio.charset.StandardCharsets;

/** The hash that determines every value. */
final class Hash {
    private static final long C1 = 0x9E3779B97F4A7C15L;
    private static final long C2 = 0xBF58476D1CE4E5B9L;
    private static final long C3 = 0x94D049BB133111EBL;
    private static final long STEP = 0xD1B54A32D192ED03L;

    private Hash() {}

    static long cell(long row, int column) {
        long z = (row << 4) + column + C1;
        z = (z ^ (z >>> 30)) * C2;
        z = (z ^ (z >>> 27)) * C3;
        return z ^ (z >>> 31);
    }

    static boolean isNull(long hash) {
        return (hash >>> 56) < 13;
    }

    static String letters(long hash, int length) {
        byte[] bytes = new byte[length];
        long x = hash;
        for (int at = 0; at < length; x += STEP) {
            long word = x * C1;
            word = ((word ^ (word >>> 32)) & 0x0F0F0F0F0F0F0F0FL) + 0x6161616161616161L;
            for (int end = Math.min(at + 8, length); at < end; at++, word >>>= 8) {
                bytes[at] = (byte) word;
            }
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
