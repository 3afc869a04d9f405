// The smoke app as a user runs it.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/film_frames.h"
#include "tests/apps/run_app.h"

namespace sylvite::apps {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Outcome run_smoke(const std::vector<std::string> &arguments) { return run_app("smoke", arguments); }

const std::vector<std::string> all_files = {"flow_0.vti", "flow_1.vti", "flow_2.vti", "formed.png", "loss.png",
                                            "smoke.npy",  "smoke.webp", "story.png",  "target.png", "velocity.npy"};

TEST(Smoke, PaintsPicturesAndLowersTheLoss) {
    for (const char *pressure : {"jacobi", "multigrid"}) {
        const Folder folder;
        const std::filesystem::path out = folder.path() / "new" / "pictures";
        const Outcome outcome = run_smoke({"--steps", "20", "--iterations", "20", "--frames", "3", "--film", "2",
                                           "--pressure", pressure, "--out", out.string()});
        ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
        const Search search = search_of("smoke", outcome.output);
        EXPECT_EQ(search.iterations, 20);
        EXPECT_NEAR(search.first, 0.3978, 5e-5) << "as the same stripes and picture give in DiffTaichi";
        EXPECT_LT(search.last, 0.3 * search.first);

        EXPECT_EQ(names_in(out), all_files);
        EXPECT_EQ(read_grey(out / "story.png").width, 4 * 110 + 3 * 8);
        const Image target = read_grey(out / "target.png"), formed = read_grey(out / "formed.png");
        double difference = 0;
        for (size_t i = 0; i < target.pixels.size(); i++) {
            const double d = (double(target.pixels[i]) - formed.pixels[i]) / 255;
            difference += d * d / target.pixels.size();
        }
        EXPECT_NEAR(difference, search.last, 0.02 * search.last);

        const std::vector<Image> film = film_frames(read_file(out / "smoke.webp"));
        ASSERT_EQ(film.size(), 2u);
        for (size_t i = 0; i < formed.pixels.size(); i++) {
            EXPECT_NEAR(film[1].pixels[3 * i], formed.pixels[i], 40) << "pixel " << i;
        }
        EXPECT_THAT(read_file(out / "flow_2.vti"),
                    AllOf(HasSubstr("0 109 0 109 0 0"), HasSubstr("velocity_x"), HasSubstr("smoke")));

        // NumPy's format: 10 bytes and a header, in all a multiple of 64, before the search.
        const std::string smoke = read_file(out / "smoke.npy"), velocity = read_file(out / "velocity.npy");
        EXPECT_THAT(smoke.substr(0, 128), HasSubstr("'shape': (3, 110, 110, )"));
        EXPECT_THAT(velocity.substr(0, 128), HasSubstr("'shape': (2, 110, 110, )"));
        EXPECT_EQ(smoke.size() % 64, sizeof(float) * 3 * 110 * 110 % 64);
    }
}

TEST(Smoke, NeedsTheSameMemoryForAnyNumberOfIterations) {
    const Folder folder;
    const std::string out = folder.path();
    const double few = run_smoke({"--iterations", "1", "--frames", "1", "--film", "0", "--out", out}).peak_mb;
    const double many = run_smoke({"--iterations", "12", "--frames", "1", "--film", "0", "--out", out}).peak_mb;
    EXPECT_LT(many, few + 10) << "one history takes 15 MB";
}

TEST(Smoke, CtrlCLeavesWhatWasReached) {
    const Outcome outcome = expect_results_after_interrupt(
        "smoke", {"--iterations", "100000", "--steps", "20", "--frames", "3"}, 1.0, all_files);
    const Search search = search_of("smoke", outcome.output);
    EXPECT_LT(search.iterations, 100000);
    EXPECT_LE(search.last, search.first);
}

TEST(Smoke, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    const auto file = [&](const std::string &name) { return (folder.path() / name).string(); };
    write_files(folder.path(), {{"text.png", "hello"}, {"small.png", png_bytes(Image(15, 200, 1, 7))}});
    expect_refusals("smoke",
                    {
                        {{file("none.png")}, "cannot read " + file("none.png") + ": No such file or directory"},
                        {{file("text.png")}, file("text.png") + " is neither a PNG nor a JPEG picture"},
                        {{file("small.png")},
                         file("small.png") + " is too small: it has 15 x 200 pixels, and 16 each way are needed"},
                        {{"--out", file("text.png") + "/out"},
                         "cannot make the folder " + file("text.png") + "/out: Not a directory"},
                        {{"/dev/zero"}, "cannot read /dev/zero: it is a device"},
                        {{"--inflow", "nan"}, "--inflow: Value nan is no number"},
                        {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 10000"},
                        {{"--inflow", "-1"}, "--inflow: Value -1 not in range 0.000000 to 1.000000"},
                        {{"--pressure", "none"}, "--pressure: none not in {jacobi,multigrid}"},
                        {{"--colour"}, "The following argument was not expected: --colour"},
                    },
                    file("out"));
}

}  // namespace
}  // namespace sylvite::apps
