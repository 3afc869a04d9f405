// The wave app as a user runs it, and the smallest app there can be.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/film_frames.h"
#include "tests/apps/run_app.h"

namespace sylvite::apps {
namespace {

Outcome run_wave(const std::vector<std::string> &arguments) { return run_app("wave", arguments); }

const std::vector<std::string> all_files = {"first.png",  "formed.npy", "formed.png", "last.png",
                                            "loss.png",   "losses.npy", "story.png",  "surface.npy",
                                            "target.png", "wave.vti",   "wave.webp"};

TEST(Wave, PaintsPicturesAndLowersTheLoss) {
    Folder folder;
    const std::filesystem::path out = folder.path() / "new" / "pictures";
    const Outcome outcome = run_wave({"--steps", "12", "--iterations", "8", "--film", "3", "--out", out});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const Search search = search_of("wave", outcome.output);
    EXPECT_EQ(search.iterations, 8);
    EXPECT_GT(search.first, 0);
    EXPECT_LT(search.last, 0.2 * search.first);

    for (const char *name : {"target.png", "first.png", "last.png", "formed.png"}) {
        const Image image = read_grey(out / name);
        EXPECT_EQ(image.width, 256) << name;
        EXPECT_EQ(image.height, 256) << name;
    }
    EXPECT_EQ(read_grey(out / "story.png").width, 5 * 256 + 4 * 8);
    EXPECT_GT(read_grey(out / "loss.png").width, 0);
    EXPECT_EQ(names_in(out), all_files);

    EXPECT_EQ(film_frames(read_file(out / "wave.webp")).size(), 3u);
    EXPECT_THAT(read_file(out / "formed.npy").substr(0, 128), testing::HasSubstr("'shape': (256, 256, )"));
    EXPECT_THAT(read_file(out / "losses.npy").substr(0, 128), testing::HasSubstr("'shape': (9, )"));
    EXPECT_THAT(read_file(out / "wave.vti"),
                testing::AllOf(testing::HasSubstr("0 255 0 255 0 0"), testing::HasSubstr("surface")));

    // The first surface is still water; the picture formed is near the photograph.
    const Image first = read_grey(out / "first.png");
    EXPECT_THAT(first.pixels, testing::Each(first.pixels[0]));
    const Image target = read_grey(out / "target.png"), formed = read_grey(out / "formed.png");
    double difference = 0;
    for (size_t i = 0; i < target.pixels.size(); i++) {
        const double d = (double(target.pixels[i]) - formed.pixels[i]) / 255;
        difference += d * d / target.pixels.size();
    }
    EXPECT_NEAR(difference, search.last, 0.1 * search.last + 1e-5);
}

TEST(Wave, TellsItsProgressInLinesWhereThereIsNoTerminal) {
    Folder folder;
    std::vector<std::string> arguments = {"--steps", "2", "--iterations", "3", "--film", "0", "--out", folder.path()};
    const std::string loud = run_wave(arguments).output;
    arguments.push_back("--quiet");
    const std::string quiet = run_wave(arguments).output;
    EXPECT_THAT(loud, testing::ContainsRegex("3 of 3: loss .* of the first\\), 0 s left"));
    EXPECT_THAT(loud, testing::Not(testing::HasSubstr("\x1b")));
    EXPECT_THAT(quiet, testing::StartsWith("wave: loss "));
    search_of("wave", quiet);
}

TEST(Wave, CtrlCLeavesWhatWasReached) {
    const Outcome outcome = expect_results_after_interrupt(
        "wave", {"--iterations", "100000", "--steps", "20", "--film", "2"}, 0.7, all_files);
    const Search search = search_of("wave", outcome.output);
    EXPECT_LT(search.iterations, 100000);
    EXPECT_LE(search.last, search.first);
}

TEST(Wave, RefusesBadInputInOneLineAndWritesNothing) {
    Folder folder;
    const auto file = [&](const std::string &name) { return (folder.path() / name).string(); };
    write_files(folder.path(), {{"text.png", "hello"},
                                {"small.png", png_bytes(Image(63, 200, 1, 7))},
                                {"flat.png", png_bytes(Image(64, 64, 1, 7))}});
    expect_refusals(
        "wave",
        {
            {{file("none.png")}, "cannot read " + file("none.png") + ": No such file or directory"},
            {{file("text.png")}, file("text.png") + " is neither a PNG nor a JPEG picture"},
            {{file("small.png")},
             file("small.png") + " is too small: it has 63 x 200 pixels, and 64 each way are needed"},
            {{file("flat.png")}, file("flat.png") + " shows nothing: all its pixels have the same grey level"},
            {{"--out", file("text.png") + "/out"},
             "cannot make the folder " + file("text.png") + "/out: Not a directory"},
            {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 100000"},
            {{"--iterations", "many"}, "--iterations: Value many not in range 1 to 100000"},
            {{"--colour"}, "The following argument was not expected: --colour"},
        },
        file("out"));
}

TEST(App, NeedsNothingButAGeneratorAndAMain) {
    const Outcome outcome = run_app("scale", {});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, "5\n0.5 10\n");
}

}  // namespace
}  // namespace sylvite::apps
