#include "apps/support/film.h"

#include "apps/support/arrays.h"
#include "tests/apps/film_frames.h"
#include "wave_forward.h"

#include <HalideBuffer.h>
#include <gmock/gmock.h>
#include <targets/runtime/sylvite_runtime.h>

#include <cmath>

namespace sylvite::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Film, ShowsItsPicturesOneAfterTheOther) {
    std::vector<Image> pictures;
    for (const uint8_t grey : {20, 240, 20, 90}) {
        Image picture(48, 32, 3, grey);
        std::fill_n(picture.at(0, 8), 3 * 48 * 8, 200);
        pictures.push_back(picture);
    }
    pictures[3] = side_by_side({Image(48, 32, 1, 128)}, 0);
    pictures.push_back(Image(48, 32, 1, 60));  // of one channel
    std::vector<int> times;
    const std::vector<Image> frames = film_frames(film_bytes(pictures), &times);
    EXPECT_THAT(times, ElementsAre(50, 100, 150, 200, 1200));
    pictures[4] = side_by_side({pictures[4]}, 0);
    for (size_t f = 0; f < pictures.size(); f++) {
        ASSERT_EQ(frames[f].pixels.size(), pictures[f].pixels.size());
        double difference = 0;
        for (size_t i = 0; i < frames[f].pixels.size(); i++) {
            difference +=
                std::abs(double(frames[f].pixels[i]) - pictures[f].pixels[i]) / double(frames[f].pixels.size());
        }
        EXPECT_LT(difference, 4) << "picture " << f;
    }
    EXPECT_THAT([&] { film_bytes({}); },
                testing::ThrowsMessage<std::runtime_error>("cannot make an animated picture: there are no pictures"));
    EXPECT_THAT(
        [&] {
            film_bytes({Image(48, 32, 1, 0), Image(48, 33, 1, 0)});
        },
        testing::ThrowsMessage<std::runtime_error>("cannot make an animated picture: pictures differ in size"));
}

TEST(Moments, AreAsFarApartAsTheyCanBe) {
    EXPECT_THAT(moments(100, 5), ElementsAre(0, 25, 50, 75, 100));
    EXPECT_THAT(moments(100, 4), ElementsAre(0, 33, 66, 100));
    EXPECT_THAT(moments(1, 4), ElementsAre(0, 0, 0, 1));
    EXPECT_THAT(moments(100, 1), ElementsAre(100));
    EXPECT_THAT(moments(100, 0), ElementsAre());
    EXPECT_EQ(moments(100000, 100000)[99998], 99998);
}

// What a recording holds is what shorter runs end with.
TEST(Record, HoldsTheStateAtEachStepAskedFor) {
    constexpr int n = 256;
    using Grid = Halide::Runtime::Buffer<float, 2>;
    Grid surface(n, n), photograph(n, n);
    surface.for_each_element([&](int x, int y) { surface(x, y) = std::sin(0.1f * float(x) + 0.03f * float(y * y)); });
    photograph.fill(0);
    const auto surface_after = [&](int steps) {
        Grid formed(n, n);
        auto loss = Halide::Runtime::Buffer<float, 0>::make_scalar();
        EXPECT_EQ(wave_forward(surface, photograph, steps, loss, formed), 0);
        return std::vector<float>(formed.begin(), formed.end());
    };
    const auto run = [&] { return surface_after(4); };
    const Recording taken = record("wave", "surface", {0, 2, 2, 3, 4}, run);
    ASSERT_EQ(taken.size(), 5u);
    for (const auto &[place, steps] : {std::pair(0, 0), {1, 2}, {2, 2}, {3, 3}, {4, 4}}) {
        EXPECT_EQ(taken[place], surface_after(steps)) << "moment " << place;
    }
    EXPECT_EQ(sylvite_watching(), nullptr);
    EXPECT_THAT(
        [&] {
            record("wave", "depth", {0, 2}, run);
        },
        testing::ThrowsMessage<std::runtime_error>("the loop wave has no state depth of float32"));
    for (const auto &[loop, steps] : {std::pair("waves", 0), {"wave", 4}}) {
        EXPECT_THAT(
            [&] {
                record(loop, "surface", {0, 9}, run);
            },
            testing::ThrowsMessage<std::runtime_error>("the loop " + std::string(loop) + " makes " +
                                                       std::to_string(steps) +
                                                       " steps that can be seen; there is no step 9"));
    }
    EXPECT_THAT([&] { record("wave", "surface", {0}, []() -> std::vector<float> { throw std::runtime_error("no"); }); },
                testing::ThrowsMessage<std::runtime_error>("no"));
    EXPECT_EQ(sylvite_watching(), nullptr);
}

TEST(Fields, AreReadAsVtk) {
    const std::string file = vti_bytes({{"a", {1, 2, 3, 4, 5, 6}}, {"b", {0, 0, 0, 0, 0, 7}}}, {3, 2}, 0.5);
    EXPECT_THAT(file, HasSubstr(R"(WholeExtent="0 2 0 1 0 0" Origin="0.25 0.25 0" Spacing="0.5 0.5 1")"));
    EXPECT_THAT(file, HasSubstr(R"(Name="a")"));
    // 24 bytes, and these, as base64.b64encode() of Python has them.
    EXPECT_THAT(file, HasSubstr("\n_GAAAAAAAAAAAAIA/AAAAQAAAQEAAAIBAAACgQAAAwEA="));
}

}  // namespace
}  // namespace sylvite::apps
