#pragma once

#include "targets/runtime/sylvite_runtime.h"

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

// Arrays as files, for deployed programs too: needs no compiler. Files are written under temporary names and renamed when
// they are complete; a temporary file that is left over is removed. All throw std::runtime_error that names the file.

namespace sylvite {

/// An array in host memory as a file that `numpy.load` reads: a(x, y) is element [y, x]. Types: integers, bool, and
/// floats but for bfloat16, which numpy does not have.
void write_npy(const std::filesystem::path &path, const halide_buffer_t &array);

/// A field on a grid.
struct Field {
    std::string name;
    const halide_buffer_t *array;
};
struct Grid {
    std::array<double, 3> origin{0, 0, 0}, spacing{1, 1, 1};
};

/// Arrays of equal extents, at most three dimensions, as a file for ParaView: VTK's ImageData, with a value a point, whose numbers
/// are in base64, so that any reader of XML gets at them.
/// Types: integers, bool, float32 and float64.
void write_vti(const std::filesystem::path &path, const std::vector<Field> &fields, const Grid &grid = {});

/// What the states of a loop are at the starts of its steps, each state as a file `folder/STATE.npy`, whose first
/// dimension counts the steps. Where the loop runs several times, all its steps follow one another. What the last step
/// makes is the loop's result, and not among them.
class Trace {
public:
    /// Every `every`-th step of the loop of that name; `folder` must exist.
    Trace(std::filesystem::path folder, std::string loop, int every = 1);
    ~Trace();
    Trace(const Trace &) = delete;
    Trace &operator=(const Trace &) = delete;

    /// To be called by an observer at each step, of whatever loop. Throws when a state has other extents than before.
    void add(const sylvite_loop_step &step);
    /// Gives the files their names; without it there are none. Throws when no step was seen.
    void finish();

private:
    struct State;
    std::filesystem::path folder_;
    std::string loop_;
    int every_;
    std::vector<std::unique_ptr<State>> states_;
};

}  // namespace sylvite
